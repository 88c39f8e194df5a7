using M2t3.Unity;
using UnityEngine;

/// <summary>Put it on an empty object and press Play while m2t3-stream runs.</summary>
public sealed class LiveSkeleton : MonoBehaviour
{
    private void Awake()
    {
        var stream = gameObject.AddComponent<M2t3Stream>();
        gameObject.AddComponent<SkeletonDrawer>().stream = stream;
    }
}
