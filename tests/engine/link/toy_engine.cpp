// A toy engine in another process: a disc of one colour, drawn at places that parameters and scene give.
//
//     toy_engine PORT
#include <cmath>
#include <cstdio>

#include "f2p_engine.hpp"

// A language with decimal commas: messages must not follow it.
struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
};

int main(int, char** words) {
    std::locale::global(std::locale(std::locale(), new Comma));
    f2p::Settings settings;
    settings.port = std::atoi(words[1]);
    settings.engine = "toy \"disc\" engine";
    settings.scenes = settings.labels = settings.landmarks = true;
    settings.largest = 512;
    auto draw = [](const f2p::Request& asked) {
        const auto& p = asked.parameters;
        if (asked.number("yaw") > 180) throw std::runtime_error("a head does not turn so far");
        const int size = asked.size;
        const double x = 0.25 + 0.5 * p[0] + asked.numbers("shift").at(0), y = 0.25 + 0.5 * p[1], radius = 0.3 * p[2];
        const auto ground = asked.numbers("background");
        f2p::Picture picture(std::vector<std::uint8_t>(static_cast<std::size_t>(size) * size * 3));
        picture.labels.resize(static_cast<std::size_t>(size) * size);
        for (int i = 0; i < size * size; ++i) {
            bool disc = std::hypot((i % size + 0.5) / size - x, (i / size + 0.5) / size - y) < radius;
            for (int c = 0; c < 3; ++c)
                picture.rgb[3 * i + c] = static_cast<std::uint8_t>(255 * (disc ? p[3 + c] : ground.at(c)));
            picture.labels[i] = disc;
        }
        for (const char* name : {"left-eye", "right-eye", "nose-tip", "mouth-left", "mouth-right"})
            picture.landmarks[name] = {x * size, y * size + asked.number("mouth-open")};
        return picture;
    };
    f2p::Server server({"disc.x", "disc.y", "disc.radius", "hair=none", "hair=short", "hair=long"}, draw, settings);
    std::printf("%d\n", server.port());
    std::fflush(stdout);
    server.serve();
}
