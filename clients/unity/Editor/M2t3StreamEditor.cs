using System.Collections.Generic;
using System.Linq;
using UnityEditor;

namespace M2t3.Unity.Editor
{
    /// <summary>Shows in the inspector how the stream is, and what goes wrong.</summary>
    [CustomEditor(typeof(M2t3Stream))]
    public sealed class M2t3StreamEditor : UnityEditor.Editor
    {
        public override void OnInspectorGUI()
        {
            DrawDefaultInspector();
            var stream = (M2t3Stream)target;
            if (stream.Problem != null)
            {
                EditorGUILayout.HelpBox(stream.Problem, MessageType.Error);
                return;
            }
            PoseSubscriber poses = stream.Poses;
            if (poses == null) return;
            if (stream.Frame == null)
            {
                string[] heard = poses.StreamsHeard();
                string others = heard.Length == 0 ? "" : "; streams there: " + string.Join(", ", heard);
                EditorGUILayout.HelpBox("No poses" + others, MessageType.Warning);
            }
            else
            {
                EditorGUILayout.LabelField("People", stream.People.Count.ToString());
                EditorGUILayout.LabelField("Age", stream.Frame.AgeMs.ToString("F1") + " ms");
                EditorGUILayout.LabelField("Licence", stream.Frame.Definition.Model.Licence);
            }
            EditorGUILayout.LabelField("Restarts", poses.Restarts.ToString());
            EditorGUILayout.LabelField("Refused", Counts(poses.Refused()));
            EditorGUILayout.LabelField("Dropped", Counts(poses.Dropped()));
            if (poses.Unwelcome != null)
            {
                string words = poses.Options.Endpoint + " " + poses.Unwelcome;
                EditorGUILayout.HelpBox(words, MessageType.Error);
            }
            if (poses.Refusal != null) EditorGUILayout.LabelField("Last refusal", poses.Refusal);
        }

        public override bool RequiresConstantRepaint()
        {
            return true;
        }

        private static string Counts(Dictionary<string, long> counts)
        {
            return string.Join(", ", counts.Select(each => each.Value + " " + each.Key).ToArray());
        }
    }
}
