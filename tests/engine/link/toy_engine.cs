// A toy engine in C#: one colour, made of the parameters and the scene.
//
//     mono toy_engine.exe PORT
using System;

public static class Toy
{
    public static void Main(string[] words)
    {
        var settings = new F2P.EngineSettings { Port = int.Parse(words[0]), Engine = "toy \"grey\" engine" };
        settings.Scenes = settings.Labels = settings.Landmarks = true;
        var names = new[] { "disc.x", "disc.y", "disc.radius", "hair=none", "hair=short", "hair=long" };
        var server = new F2P.EngineServer(names, Draw, settings);
        Console.WriteLine(server.Port);
        while (true) server.Poll(200);
    }

    static F2P.EnginePicture Draw(F2P.RenderRequest asked)
    {
        if (asked.Number("yaw") > 180) throw new Exception("a head does not turn so far");
        var rgb = new byte[asked.Size * asked.Size * 3];
        for (int i = 0; i < rgb.Length; i++) rgb[i] = (byte)(255 * asked.Parameters[i % 3]);
        rgb[0] = (byte)Math.Round(255 * asked.Numbers("background")[1]);   // the top left
        var picture = F2P.EnginePicture.FromBottom(rgb, asked.Size);       // now the bottom left
        picture.Labels = new byte[asked.Size * asked.Size];
        foreach (var name in new[] { "left-eye", "right-eye", "nose-tip", "mouth-left", "mouth-right" })
            picture.Landmarks[name] = new[] { asked.Size / 3.0, asked.Number("mouth-open") };
        return picture;
    }
}
