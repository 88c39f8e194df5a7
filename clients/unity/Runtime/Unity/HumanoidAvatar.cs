using System.Collections.Generic;
using UnityEngine;

namespace M2t3.Unity
{
    /// <summary>
    /// Drives a Humanoid avatar with one person. Bones are found by HumanBodyBones and turned from
    /// the avatar's own T-pose, so the rig's axes do not matter. Hips follow the person, higher or
    /// lower as the avatar's legs are longer or shorter, so that its feet are on the ground.
    /// </summary>
    [AddComponentMenu("m2t3/Humanoid Avatar")]
    public sealed class HumanoidAvatar : MonoBehaviour
    {
        public M2t3Stream stream;

        [Tooltip("With a Humanoid avatar and without a controller that would move it as well.")]
        public Animator animator;

        [Tooltip("The person's id; -1 for the first in view.")]
        public long personId = -1;

        private readonly Dictionary<string, Transform> _bones = new Dictionary<string, Transform>();
        private readonly Dictionary<string, Quaternion> _restRotations =
            new Dictionary<string, Quaternion>();
        private float _legLength;

        private void OnEnable()
        {
            _bones.Clear();
            _restRotations.Clear();
            if (animator == null) animator = GetComponent<Animator>();
            if (animator == null || animator.avatar == null || !animator.avatar.isHuman)
            {
                Debug.LogError("m2t3: needs an Animator with a Humanoid avatar", this);
                enabled = false;
                return;
            }
            var rest = new Dictionary<string, SkeletonBone>();
            foreach (SkeletonBone bone in animator.avatar.humanDescription.skeleton)
            {
                rest[bone.name] = bone;
            }
            for (var bone = HumanBodyBones.Hips; bone < HumanBodyBones.LastBone; bone++)
            {
                Transform found = animator.GetBoneTransform(bone);
                if (found == null) continue;
                _bones[bone.ToString()] = found;
                _restRotations[bone.ToString()] = RestRotation(found, rest);
            }
            _legLength = Distance(HumanBodyBones.LeftUpperLeg, HumanBodyBones.LeftLowerLeg)
                + Distance(HumanBodyBones.LeftLowerLeg, HumanBodyBones.LeftFoot);
        }

        private void LateUpdate()
        {
            Person person = stream == null ? null : stream.Find(personId);
            HumanoidPose pose = person == null ? null : HumanoidPose.Of(person);
            if (pose == null) return;
            Transform world = stream.transform;
            // Parents come before their children, so each rotation is final when it is set.
            for (int i = 0; i < pose.BoneNames.Length; i++)
            {
                Transform bone;
                if (!_bones.TryGetValue(pose.BoneNames[i], out bone)) continue;
                bone.rotation = world.rotation * pose.Turns[i].ToQuaternion()
                    * _restRotations[pose.BoneNames[i]];
                if (i == 0)
                {
                    Vector3 hips = pose.Origins[0].ToVector3();
                    if (pose.LegLength > 0f) hips.y *= _legLength / pose.LegLength;
                    bone.position = world.TransformPoint(hips);
                }
            }
        }

        /// <summary>The bone's rotation in the T-pose, against the avatar's root.</summary>
        private Quaternion RestRotation(Transform bone, Dictionary<string, SkeletonBone> rest)
        {
            Quaternion rotation = Quaternion.identity;
            for (; bone != null && bone != animator.transform; bone = bone.parent)
            {
                SkeletonBone found;
                bool known = rest.TryGetValue(bone.name, out found);
                rotation = (known ? found.rotation : bone.localRotation) * rotation;
            }
            return rotation;
        }

        private float Distance(HumanBodyBones from, HumanBodyBones to)
        {
            Transform a = animator.GetBoneTransform(from), b = animator.GetBoneTransform(to);
            return a == null || b == null ? 0f : Vector3.Distance(a.position, b.position);
        }
    }
}
