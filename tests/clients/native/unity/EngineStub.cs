// The engine's names, as far as clients/unity/Runtime/Unity, Editor and Samples~ use them. Nothing
// here does anything: it lets a compiler read them.
using System;

namespace UnityEngine
{
    public class Object
    {
        public string name;
    }

    public class Component : Object
    {
        public Transform transform;
        public GameObject gameObject;
        public T GetComponent<T>() where T : class { return null; }
    }

    public class Behaviour : Component
    {
        public bool enabled;
    }

    public class MonoBehaviour : Behaviour
    {
    }

    public class GameObject : Object
    {
        public Transform transform;
        public GameObject(string name) { this.name = name; }
        public T AddComponent<T>() where T : Component { return null; }
    }

    public class Transform : Component
    {
        public Transform parent;
        public Vector3 position;
        public Quaternion rotation, localRotation;
        public Vector3 TransformPoint(Vector3 point) { return point; }
        public void SetParent(Transform parent, bool worldPositionStays) { }
    }

    public struct Vector3
    {
        public float x, y, z;
        public Vector3(float x, float y, float z) { this.x = x; this.y = y; this.z = z; }
        public static float Distance(Vector3 a, Vector3 b) { return 0; }
    }

    public struct Quaternion
    {
        public float x, y, z, w;
        public Quaternion(float x, float y, float z, float w)
        {
            this.x = x; this.y = y; this.z = z; this.w = w;
        }
        public static Quaternion identity { get { return new Quaternion(0, 0, 0, 1); } }
        public static Quaternion operator *(Quaternion a, Quaternion b) { return a; }
    }

    public struct Color
    {
        public static Color HSVToRGB(float h, float s, float v) { return new Color(); }
    }

    public static class Mathf
    {
        public static float Repeat(float t, float length) { return t; }
    }

    public class Shader : Object
    {
        public static Shader Find(string name) { return null; }
    }

    public class Material : Object
    {
        public Material(Shader shader) { }
    }

    public class Renderer : Component
    {
        public bool enabled;
        public Material material;
    }

    public class LineRenderer : Renderer
    {
        public int positionCount;
        public bool useWorldSpace;
        public float startWidth, endWidth;
        public Color startColor, endColor;
        public void SetPosition(int index, Vector3 position) { }
    }

    public struct SkeletonBone
    {
        public string name;
        public Vector3 position, scale;
        public Quaternion rotation;
    }

    public struct HumanDescription
    {
        public SkeletonBone[] skeleton;
    }

    public class Avatar : Object
    {
        public bool isHuman;
        public HumanDescription humanDescription;
    }

    public class Animator : Behaviour
    {
        public Avatar avatar;
        public Transform GetBoneTransform(HumanBodyBones bone) { return null; }
    }

    public enum HumanBodyBones
    {
        Hips, LeftUpperLeg, RightUpperLeg, LeftLowerLeg, RightLowerLeg, LeftFoot, RightFoot, Spine,
        Chest, Neck, Head, LeftShoulder, RightShoulder, LeftUpperArm, RightUpperArm, LeftLowerArm,
        RightLowerArm, LeftHand, RightHand, LeftToes, RightToes, UpperChest = 54, LastBone = 55
    }

    public static class Debug
    {
        public static void LogError(object message, Object context) { }
    }

    [AttributeUsage(AttributeTargets.All)]
    public class TooltipAttribute : Attribute
    {
        public TooltipAttribute(string text) { }
    }

    public class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string name) { }
    }
}

namespace UnityEditor
{
    public class Editor : UnityEngine.Object
    {
        public UnityEngine.Object target;
        public virtual void OnInspectorGUI() { }
        public virtual bool RequiresConstantRepaint() { return false; }
        public bool DrawDefaultInspector() { return true; }
    }

    public class CustomEditor : Attribute
    {
        public CustomEditor(Type type) { }
    }

    public enum MessageType { None, Info, Warning, Error }

    public static class EditorGUILayout
    {
        public static void HelpBox(string message, MessageType type) { }
        public static void LabelField(string label, string text) { }
    }
}
