using System.Collections.Generic;
using UnityEngine;

namespace M2t3.Unity
{
    /// <summary>Draws everybody in view as lines, each person in a colour of their own.</summary>
    [AddComponentMenu("m2t3/Skeleton Drawer")]
    public sealed class SkeletonDrawer : MonoBehaviour
    {
        public M2t3Stream stream;

        [Tooltip("Of the lines; a sprite material if empty.")]
        public Material material;

        public float width = 0.02f;

        private readonly List<LineRenderer> _lines = new List<LineRenderer>();

        private void LateUpdate()
        {
            int used = 0;
            if (stream != null && stream.Frame != null)
            {
                foreach (Person person in stream.People)
                {
                    // Golden-ratio steps keep the colours of neighbouring ids apart.
                    Color colour = Color.HSVToRGB(Mathf.Repeat(person.Id * 0.618f, 1f), 0.7f, 1f);
                    foreach (ulong[] bone in stream.Frame.Definition.Bones)
                    {
                        Vec3 from, to;
                        if (!Joint(person, bone[0], out from) || !Joint(person, bone[1], out to))
                        {
                            continue;
                        }
                        LineRenderer line = Line(used++);
                        line.startColor = line.endColor = colour;
                        line.SetPosition(0, stream.transform.TransformPoint(from.ToVector3()));
                        line.SetPosition(1, stream.transform.TransformPoint(to.ToVector3()));
                    }
                }
            }
            for (int i = 0; i < _lines.Count; i++) _lines[i].enabled = i < used;
        }

        private void OnDisable()
        {
            foreach (LineRenderer line in _lines) line.enabled = false;
        }

        private static bool Joint(Person person, ulong joint, out Vec3 position)
        {
            position = default(Vec3);
            return joint <= int.MaxValue && person.TryGetJoint((int)joint, out position);
        }

        private LineRenderer Line(int index)
        {
            if (index == _lines.Count)
            {
                if (material == null) material = new Material(Shader.Find("Sprites/Default"));
                var holder = new GameObject("m2t3 bone " + index);
                holder.transform.SetParent(transform, false);
                LineRenderer line = holder.AddComponent<LineRenderer>();
                line.material = material;
                line.positionCount = 2;
                line.useWorldSpace = true;
                line.startWidth = line.endWidth = width;
                _lines.Add(line);
            }
            return _lines[index];
        }
    }
}
