// Answers f2p-deploy from inside an engine in C#, such as Unity; copy this file, it needs nothing but .NET's sockets.
//
//     public class FaceServer : MonoBehaviour {
//         F2P.EngineServer server;
//         void OnEnable() {
//             server = new F2P.EngineServer(new[] { "nose.width", "hair=short", "hair=long" }, Draw);
//         }
//         F2P.EnginePicture Draw(F2P.RenderRequest asked) {
//             // asked.Parameters, asked.Size -> Size * Size * 3 bytes: RGB rows from the top.
//             // Texture2D.GetRawTextureData has its rows from the bottom: F2P.EnginePicture.FromBottom turns them.
//             return new F2P.EnginePicture(pixels);
//         }
//         void Update() { server.Poll(); }
//         void OnDisable() { server.Dispose(); }
//     }
//
// Pictures are drawn in the thread that calls Poll, so Unity's functions may be used. Parameters come in the order of
// the names: controllers in [0, 1], then one value for each option of a group, of which the largest is the chosen one.
// An exception of the function becomes an error message, and the link stays.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace F2P
{
    public sealed class RenderRequest
    {
        public float[] Parameters;
        public int Size;        // edge of the picture in pixels
        public string Header;   // JSON; Number and Numbers read the scene from it

        // A number of the scene, such as yaw, pitch, roll, ambient or zoom, or a unit of the expression: mouth-open.
        public double Number(string key, double otherwise = 0)
        {
            int at = Find(key);
            if (at < 0) return otherwise;
            return Parse(Header.Substring(at, EndOf(at) - at), otherwise);
        }

        // An array of the scene: light, light_colour, background (3 numbers) or shift (2); empty if it is not there.
        public double[] Numbers(string key)
        {
            int at = Find(key);
            int end = at < 0 ? -1 : Header.IndexOf(']', at);
            if (end < 0 || Header[at] != '[') return new double[0];
            string[] words = Header.Substring(at + 1, end - at - 1).Split(',');
            return Array.ConvertAll(words, word => Parse(word, 0));
        }

        // No two keys of a header are equal at any depth, and it has no spaces.
        int Find(string key)
        {
            string word = "\"" + key + "\":";
            int at = Header.IndexOf(word, StringComparison.Ordinal);
            return at < 0 ? -1 : at + word.Length;
        }

        int EndOf(int at)
        {
            int end = Header.IndexOfAny(new[] { ',', '}', ']' }, at);
            return end < 0 ? Header.Length : end;
        }

        static double Parse(string word, double otherwise)
        {
            double value;   // in JSON the decimal point is a point, whatever the program's language is
            bool sound = double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
            return sound ? value : otherwise;
        }
    }

    public sealed class EnginePicture
    {
        public readonly byte[] Rgb;                 // Size * Size * 3 bytes, rows from the top
        public byte[] Labels = new byte[0];         // Size * Size bytes, Helen's classes; or empty
        // Pixel positions of left-eye, right-eye, nose-tip, mouth-left and mouth-right; or empty.
        public readonly Dictionary<string, double[]> Landmarks = new Dictionary<string, double[]>();

        public EnginePicture(byte[] rgb) { Rgb = rgb; }

        // Makes a picture from rows that begin at the bottom, as those of a Texture2D in format RGB24.
        public static EnginePicture FromBottom(byte[] rgb, int size)
        {
            var turned = new byte[rgb.Length];
            int row = size * 3;
            for (int y = 0; y < size; y++) Buffer.BlockCopy(rgb, y * row, turned, (size - 1 - y) * row, row);
            return new EnginePicture(turned);
        }
    }

    public sealed class EngineSettings
    {
        public string Host = "127.0.0.1";   // this machine only
        public int Port = 7788;             // 0 takes a free one
        public string Engine = "engine";    // name and version, for messages
        public int Smallest = 16, Largest = 4096;
        public bool Scenes;                 // the function follows pose, light and crop
        public bool Labels, Landmarks;
        public string Fingerprint = "";     // of the schema; empty if unknown
    }

    public sealed class EngineServer : IDisposable
    {
        const int Protocol = 1, LargestMessage = 1 << 20, Milliseconds = 5000, MostClients = 32;
        readonly string[] names;
        readonly Func<RenderRequest, EnginePicture> draw;
        readonly EngineSettings settings;
        readonly Socket listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        readonly List<Socket> clients = new List<Socket>();

        public EngineServer(string[] names, Func<RenderRequest, EnginePicture> draw, EngineSettings settings = null)
        {
            this.names = names;
            this.draw = draw;
            this.settings = settings ?? new EngineSettings();
            listener.Bind(new IPEndPoint(IPAddress.Parse(this.settings.Host), this.settings.Port));
            listener.Listen(8);
        }

        public int Port { get { return ((IPEndPoint)listener.LocalEndPoint).Port; } }

        public void Dispose()
        {
            foreach (Socket one in clients) one.Close();
            clients.Clear();
            listener.Close();
        }

        // Answers the messages that have arrived, and returns their number; waits at most this long for one.
        public int Poll(int milliseconds = 0)
        {
            var ready = new List<Socket>(clients) { listener };
            Socket.Select(ready, null, null, milliseconds * 1000);
            int answered = 0;
            foreach (Socket one in ready)
            {
                if (one == listener) { Accept(); continue; }
                bool open;
                try { open = Answer(one); }
                catch (SocketException) { open = false; }
                catch (IOException) { open = false; }
                if (open) { answered++; continue; }
                clients.Remove(one);
                one.Close();
            }
            return answered;
        }

        void Accept()
        {
            Socket one = listener.Accept();
            if (clients.Count >= MostClients) { one.Close(); return; }
            one.NoDelay = true;
            one.ReceiveTimeout = one.SendTimeout = Milliseconds;
            clients.Add(one);
        }

        // Answers one message; false ends the connection.
        bool Answer(Socket one)
        {
            byte[] prefix = Read(one, 12);
            uint head = BitConverter.ToUInt32(prefix, 4), body = BitConverter.ToUInt32(prefix, 8);
            if (Encoding.ASCII.GetString(prefix, 0, 4) != "F2PE") return false;
            if (head > LargestMessage || body > LargestMessage) return false;
            var asked = new RenderRequest { Header = Encoding.UTF8.GetString(Read(one, (int)head)) };
            byte[] values = Read(one, (int)body);
            if (Is(asked, "hello"))
            {
                bool same = (int)asked.Number("protocol") == Protocol;
                Send(one, same ? Welcome() : Error("null", "this engine has version 1 of the link"));
                return true;
            }
            if (!Is(asked, "render")) return false;
            string id = ((long)asked.Number("id")).ToString(CultureInfo.InvariantCulture);
            asked.Size = (int)Math.Max(0, Math.Min(asked.Number("size"), int.MaxValue));
            asked.Parameters = new float[values.Length / 4];
            Buffer.BlockCopy(values, 0, asked.Parameters, 0, asked.Parameters.Length * 4);
            if (asked.Size < settings.Smallest || asked.Size > settings.Largest)
                Send(one, Error(id, "this engine does not draw pictures of that size"));
            else if (values.Length != 4 * names.Length)
                Send(one, Error(id, "expected " + names.Length + " parameters"));
            else
                SendPicture(one, id, asked);
            return true;
        }

        void SendPicture(Socket one, string id, RenderRequest asked)
        {
            EnginePicture drawn;
            try { drawn = draw(asked); }
            catch (Exception failure) { Send(one, Error(id, failure.Message)); return; }
            int pixels = asked.Size * asked.Size;
            if (drawn.Rgb.Length != 3 * pixels || (drawn.Labels.Length != 0 && drawn.Labels.Length != pixels))
            {
                Send(one, Error(id, "the picture has " + drawn.Rgb.Length + " bytes of RGB"));
                return;
            }
            string header = "{\"type\":\"picture\",\"id\":" + id + ",\"size\":" + asked.Size + ",\"format\":\"rgb8\"";
            if (drawn.Labels.Length > 0) header += ",\"label_format\":\"l8\",\"label_bytes\":" + drawn.Labels.Length;
            var points = new List<string>();
            foreach (KeyValuePair<string, double[]> point in drawn.Landmarks)
                points.Add(Quoted(point.Key) + ":[" + Text(point.Value[0]) + "," + Text(point.Value[1]) + "]");
            if (points.Count > 0) header += ",\"landmarks\":{" + string.Join(",", points.ToArray()) + "}";
            Send(one, header + "}", drawn.Rgb, drawn.Labels);
        }

        string Welcome()
        {
            return "{\"type\":\"welcome\",\"protocol\":" + Protocol + ",\"engine\":" + Quoted(settings.Engine)
                + ",\"smallest_size\":" + settings.Smallest + ",\"largest_size\":" + settings.Largest
                + ",\"scenes\":" + Flag(settings.Scenes) + ",\"labels\":" + Flag(settings.Labels)
                + ",\"landmarks\":" + Flag(settings.Landmarks)
                + (settings.Fingerprint == "" ? "" : ",\"fingerprint\":" + Quoted(settings.Fingerprint))
                + ",\"parameters\":[" + string.Join(",", Array.ConvertAll(names, Quoted)) + "]}";
        }

        static bool Is(RenderRequest asked, string type)
        {
            return asked.Header.Contains("\"type\":\"" + type + "\"");
        }

        static string Error(string id, string message)
        {
            return "{\"type\":\"error\",\"id\":" + id + ",\"message\":" + Quoted(message) + "}";
        }

        static string Flag(bool value) { return value ? "true" : "false"; }

        static string Text(double value) { return value.ToString("R", CultureInfo.InvariantCulture); }

        static string Quoted(string text)
        {
            var made = new StringBuilder("\"");
            foreach (char letter in text)
            {
                if (letter == '"' || letter == '\\') made.Append('\\');
                made.Append(letter < ' ' ? ' ' : letter);
            }
            return made.Append('"').ToString();
        }

        static byte[] Read(Socket one, int count)
        {
            var content = new byte[count];
            for (int at = 0; at < count;)
            {
                int got = one.Receive(content, at, count - at, SocketFlags.None);
                if (got == 0) throw new IOException("the connection was closed");
                at += got;
            }
            return content;
        }

        static void Send(Socket one, string header, params byte[][] bodies)
        {
            byte[] text = Encoding.UTF8.GetBytes(header);
            int length = 0;
            foreach (byte[] body in bodies) length += body.Length;
            using (var message = new MemoryStream())
            {
                message.Write(Encoding.ASCII.GetBytes("F2PE"), 0, 4);
                message.Write(BitConverter.GetBytes((uint)text.Length), 0, 4);
                message.Write(BitConverter.GetBytes((uint)length), 0, 4);
                message.Write(text, 0, text.Length);
                foreach (byte[] body in bodies) message.Write(body, 0, body.Length);
                byte[] whole = message.ToArray();
                for (int at = 0; at < whole.Length;) at += one.Send(whole, at, whole.Length - at, SocketFlags.None);
            }
        }
    }
}
