using System;
using System.Collections.Generic;
using System.Text;

namespace M2t3
{
    /// <summary>
    /// Reads MessagePack out of a buffer that anybody may have filled: never beyond its end, never
    /// deeper than <see cref="MaxDepth"/>, never allocating for more than is there. All that it
    /// throws is <see cref="WireException"/>.
    /// </summary>
    public sealed class MessagePackReader
    {
        public const int MaxDepth = 32;

        private static readonly Encoding Utf8 = new UTF8Encoding(false, throwOnInvalidBytes: true);

        private readonly byte[] _buffer;
        private readonly int _end;
        private int _position;
        private int _depth;

        public MessagePackReader(byte[] buffer, int length)
        {
            _buffer = buffer;
            _end = length;
        }

        public bool AtEnd
        {
            get { return _position == _end; }
        }

        /// <summary>Number of keys of the map that comes next.</summary>
        public int ReadMapHeader(string where)
        {
            byte format = Take();
            if (format >= 0x80 && format <= 0x8f) return format & 0x0f;
            if (format == 0xde) return Claimed(Unsigned(2), 2);
            if (format == 0xdf) return Claimed(Unsigned(4), 2);
            throw Unexpected(where, "map", format);
        }

        /// <summary>Which of `keys` comes next; -1 for one that is not there.</summary>
        public int ReadKey(string[] keys)
        {
            int length = StringHeader("key");
            int start = Advance(length);
            for (int key = 0; key < keys.Length; key++)
            {
                if (IsAscii(start, length, keys[key])) return key;
            }
            return -1;
        }

        public long ReadInt64(string where, long low, long high)
        {
            bool negative;
            ulong magnitude = Whole(where, out negative);
            long value = unchecked((long)magnitude);
            if (!negative && magnitude > long.MaxValue || value < low || value > high)
            {
                throw Schema(where, (negative ? value.ToString() : magnitude.ToString())
                    + " is outside of " + low + " to " + high);
            }
            return value;
        }

        public ulong ReadUInt64(string where)
        {
            bool negative;
            ulong magnitude = Whole(where, out negative);
            if (negative) throw Schema(where, unchecked((long)magnitude) + " is below 0");
            return magnitude;
        }

        /// <summary>A float64; a float32 or an integer will do.</summary>
        public double ReadDouble(string where)
        {
            byte format = Peek();
            if (format == 0xca)
            {
                _position++;
                return BitConverter.ToSingle(BitConverter.GetBytes((uint)Unsigned(4)), 0);
            }
            if (format == 0xcb)
            {
                _position++;
                return BitConverter.Int64BitsToDouble(unchecked((long)Unsigned(8)));
            }
            if (!IsWhole(format)) throw Unexpected(where, "number", format);
            bool negative;
            ulong magnitude = Whole(where, out negative);
            return negative ? unchecked((long)magnitude) : (double)magnitude;
        }

        public string ReadText(string where, int shortest, int longest)
        {
            int length = StringHeader(where);
            int start = Advance(length);
            string text;
            try
            {
                text = Utf8.GetString(_buffer, start, length);
            }
            catch (ArgumentException)
            {
                throw new WireException("malformed", where + ": no UTF-8");
            }
            int characters = 0;
            for (int i = start; i < start + length; i++)
            {
                if ((_buffer[i] & 0xc0) != 0x80) characters++;
            }
            RequireLength(where, "characters", characters, shortest, longest);
            return text;
        }

        /// <summary>1 to `longest` letters, digits, _ and -.</summary>
        public string ReadWord(string where, int longest)
        {
            string word = ReadText(where, 1, longest);
            foreach (char c in word)
            {
                bool valid = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
                    || c == '_' || c == '-';
                if (!valid) throw Schema(where, "valid are letters, digits, _ and -");
            }
            return word;
        }

        /// <summary>Which of `words` comes next.</summary>
        public int ReadChoice(string where, string[] words)
        {
            int length = StringHeader(where);
            int start = Advance(length);
            for (int word = 0; word < words.Length; word++)
            {
                if (IsAscii(start, length, words[word])) return word;
            }
            throw Schema(where, "valid: " + string.Join(", ", words));
        }

        /// <summary>Little-endian float32s in a `bin`.</summary>
        public float[] ReadFloats(string where)
        {
            int length = BinHeader(where);
            if (length % 4 != 0) throw Schema(where, length + " bytes are no whole float32s");
            int start = Advance(length);
            var values = new float[length / 4];
            if (BitConverter.IsLittleEndian)
            {
                Buffer.BlockCopy(_buffer, start, values, 0, length);
                return values;
            }
            var swapped = new byte[4];
            for (int i = 0; i < values.Length; i++)
            {
                for (int b = 0; b < 4; b++) swapped[3 - b] = _buffer[start + 4 * i + b];
                values[i] = BitConverter.ToSingle(swapped, 0);
            }
            return values;
        }

        /// <summary>One byte each in a `bin`; all but 0 are true.</summary>
        public bool[] ReadBools(string where)
        {
            int length = BinHeader(where);
            int start = Advance(length);
            var values = new bool[length];
            for (int i = 0; i < length; i++) values[i] = _buffer[start + i] != 0;
            return values;
        }

        public T[] ReadItems<T>(
            string where, int shortest, int longest, Func<MessagePackReader, T> read)
        {
            byte format = Take();
            int count;
            if (format >= 0x90 && format <= 0x9f) count = format & 0x0f;
            else if (format == 0xdc) count = Claimed(Unsigned(2), 1);
            else if (format == 0xdd) count = Claimed(Unsigned(4), 1);
            else throw Unexpected(where, "array", format);
            RequireLength(where, "items", count, shortest, longest);
            var items = new T[count];
            for (int i = 0; i < count; i++) items[i] = read(this);
            return items;
        }

        public Dictionary<string, T> ReadTable<T>(string where, Func<MessagePackReader, T> read)
        {
            int count = ReadMapHeader(where);
            var table = new Dictionary<string, T>();
            for (int i = 0; i < count; i++)
            {
                string key = ReadText(where, 0, int.MaxValue);
                table[key] = read(this);
            }
            return table;
        }

        public bool TryReadNil()
        {
            if (Peek() != 0xc0) return false;
            _position++;
            return true;
        }

        /// <summary>Step over one value, whatever it is.</summary>
        public void Skip()
        {
            byte format = Take();
            if (IsWhole(format) || format == 0xca || format == 0xcb)
            {
                _position--;
                if (format == 0xca || format == 0xcb) Advance(format == 0xca ? 5 : 9);
                else
                {
                    bool negative;
                    Whole("", out negative);
                }
            }
            else if (format >= 0x80 && format <= 0x8f) SkipMany(2 * (format & 0x0f));
            else if (format >= 0x90 && format <= 0x9f) SkipMany(format & 0x0f);
            else if (format >= 0xa0 && format <= 0xbf) Advance(format & 0x1f);
            else
            {
                switch (format)
                {
                    case 0xc0: case 0xc2: case 0xc3: break;
                    case 0xc4: case 0xd9: Advance(Claimed(Unsigned(1), 1)); break;
                    case 0xc5: case 0xda: Advance(Claimed(Unsigned(2), 1)); break;
                    case 0xc6: case 0xdb: Advance(Claimed(Unsigned(4), 1)); break;
                    case 0xc7: Advance(Claimed(Unsigned(1) + 1, 1)); break;
                    case 0xc8: Advance(Claimed(Unsigned(2) + 1, 1)); break;
                    case 0xc9: Advance(Claimed(Unsigned(4) + 1, 1)); break;
                    case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8:
                        Advance(1 + (1 << (format - 0xd4)));
                        break;
                    case 0xdc: SkipMany(Claimed(Unsigned(2), 1)); break;
                    case 0xdd: SkipMany(Claimed(Unsigned(4), 1)); break;
                    case 0xde: SkipMany(2 * Claimed(Unsigned(2), 2)); break;
                    case 0xdf: SkipMany(2 * Claimed(Unsigned(4), 2)); break;
                    default: throw new WireException("malformed", "0xc1 is no MessagePack");
                }
            }
        }

        /// <summary>Refuse a map in which a key is missing.</summary>
        public static void RequireKeys(string record, string[] keys, ulong seen, ulong required)
        {
            for (int key = 0; key < keys.Length; key++)
            {
                if ((required & ~seen & 1UL << key) != 0)
                {
                    throw Schema(record, "lacks the key " + keys[key]);
                }
            }
        }

        /// <summary>float32s by their bits: which NaN it is does matter.</summary>
        public static float[] FloatsOfBits(params uint[] bits)
        {
            return Array.ConvertAll(
                bits, each => BitConverter.ToSingle(BitConverter.GetBytes(each), 0));
        }

        private void SkipMany(int values)
        {
            if (++_depth > MaxDepth)
            {
                throw new WireException("malformed", "nested deeper than " + MaxDepth);
            }
            for (; values > 0; values--) Skip();
            _depth--;
        }

        private byte Peek()
        {
            if (_position >= _end) throw Truncated();
            return _buffer[_position];
        }

        private byte Take()
        {
            byte value = Peek();
            _position++;
            return value;
        }

        /// <summary>Step over `length` bytes; returns where they begin.</summary>
        private int Advance(int length)
        {
            if (length > _end - _position) throw Truncated();
            _position += length;
            return _position - length;
        }

        private ulong Unsigned(int bytes)
        {
            int start = Advance(bytes);
            ulong value = 0;
            for (int i = 0; i < bytes; i++) value = value << 8 | _buffer[start + i];
            return value;
        }

        /// <summary>A count as the message claims it, if so many values can follow at all.</summary>
        private int Claimed(ulong count, int bytesEach)
        {
            if (count > (ulong)((_end - _position) / bytesEach)) throw Truncated();
            return (int)count;
        }

        private int StringHeader(string where)
        {
            byte format = Take();
            if (format >= 0xa0 && format <= 0xbf) return format & 0x1f;
            if (format == 0xd9) return Claimed(Unsigned(1), 1);
            if (format == 0xda) return Claimed(Unsigned(2), 1);
            if (format == 0xdb) return Claimed(Unsigned(4), 1);
            throw Unexpected(where, "str", format);
        }

        private int BinHeader(string where)
        {
            byte format = Take();
            if (format == 0xc4) return Claimed(Unsigned(1), 1);
            if (format == 0xc5) return Claimed(Unsigned(2), 1);
            if (format == 0xc6) return Claimed(Unsigned(4), 1);
            throw Unexpected(where, "bin", format);
        }

        private static bool IsWhole(byte format)
        {
            return format <= 0x7f || format >= 0xe0 || format >= 0xcc && format <= 0xd3;
        }

        /// <summary>A whole number of any width; if negative, its two's complement.</summary>
        private ulong Whole(string where, out bool negative)
        {
            byte format = Take();
            negative = false;
            if (format <= 0x7f) return format;
            if (format >= 0xe0)
            {
                negative = true;
                return unchecked((ulong)(sbyte)format);
            }
            if (format >= 0xcc && format <= 0xcf) return Unsigned(1 << (format - 0xcc));
            if (format >= 0xd0 && format <= 0xd3)
            {
                int bytes = 1 << (format - 0xd0);
                int shift = 64 - 8 * bytes;
                long value = unchecked((long)(Unsigned(bytes) << shift)) >> shift;
                negative = value < 0;
                return unchecked((ulong)value);
            }
            throw Unexpected(where, "int", format);
        }

        private bool IsAscii(int start, int length, string text)
        {
            if (length != text.Length) return false;
            for (int i = 0; i < length; i++)
            {
                if (_buffer[start + i] != text[i]) return false;
            }
            return true;
        }

        private static void RequireLength(
            string where, string what, int length, int shortest, int longest)
        {
            if (length >= shortest && length <= longest) return;
            throw Schema(where, length + " " + what + " where " + shortest + " to " + longest
                + " are valid");
        }

        private static WireException Schema(string where, string problem)
        {
            return new WireException("schema", where + ": " + problem);
        }

        private static WireException Unexpected(string where, string expected, byte format)
        {
            if (format == 0xc1) return new WireException("malformed", "0xc1 is no MessagePack");
            return Schema(where, "expected " + expected + ", got format 0x" + format.ToString("x2"));
        }

        private static WireException Truncated()
        {
            return new WireException("malformed", "the message is cut off");
        }
    }
}
