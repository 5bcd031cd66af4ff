// Answers f2p-deploy from inside an engine in C++17; copy this file, it needs nothing but sockets.
//
//     #include "f2p_engine.hpp"
//
//     int main() {
//         f2p::Server server({"nose.width", "hair=short", "hair=long"}, [](const f2p::Request& asked) {
//             return my_engine.draw(asked.parameters, asked.size);   // size * size * 3 bytes: RGB rows from the top
//         });
//         server.serve();
//     }
//
// An engine with a frame loop of its own calls `poll()` in each frame instead of `serve()`: pictures are drawn in the
// thread that calls it. Parameters come in the order of the names: controllers in [0, 1], then one value for each
// option of a group, of which the largest is the chosen one. An exception of the function becomes an error message,
// and the link stays. On Windows, link with ws2_32. Bytes are little-endian, as those of x86 and ARM are.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <locale>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#ifdef _WIN32
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#endif

namespace f2p {

#ifdef _WIN32
using Socket = SOCKET;
inline void close_socket(Socket s) { closesocket(s); }
constexpr int send_flags = 0;
#else
using Socket = int;
inline void close_socket(Socket s) { ::close(s); }
#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;  // a closed connection is an error, not a signal
#else
constexpr int send_flags = 0;
#endif
#endif

constexpr int protocol = 1;
constexpr std::uint32_t largest = 1u << 20;  // of a header and of a request, in bytes
constexpr int seconds = 5;                   // time for one message to be read or sent

struct Request {
    std::vector<float> parameters;
    int size = 0;        // edge of the picture in pixels
    std::string header;  // JSON; `number` and `numbers` read the scene from it

    // A number of the scene, such as yaw, pitch, roll, ambient or zoom, or a unit of the expression such as mouth-open.
    double number(const std::string& key, double otherwise = 0.0) const {
        auto at = find(key);
        double value = otherwise;
        if (at == std::string::npos || !(stream(at, ",}]") >> value)) return otherwise;
        return value;
    }

    // An array of the scene: light, light_colour, background (3 numbers) or shift (2); empty if it is not there.
    std::vector<double> numbers(const std::string& key) const {
        std::vector<double> found;
        auto at = find(key);
        if (at == std::string::npos || header.compare(at, 1, "[") != 0) return found;
        auto rest = stream(at + 1, "]");
        char comma;
        for (double value; rest >> value; rest >> comma) found.push_back(value);
        return found;
    }

private:
    // No two keys of a header are equal at any depth, and it has no spaces.
    std::string::size_type find(const std::string& key) const {
        auto at = header.find("\"" + key + "\":");
        return at == std::string::npos ? at : at + key.size() + 3;
    }

    // In JSON the decimal point is a point, whatever the program's language is.
    std::istringstream stream(std::string::size_type at, const char* ends) const {
        std::istringstream made(header.substr(at, header.find_first_of(ends, at) - at));
        made.imbue(std::locale::classic());
        return made;
    }
};

struct Picture {
    std::vector<std::uint8_t> rgb;                           // size * size * 3 bytes, rows from the top
    std::vector<std::uint8_t> labels;                        // size * size bytes, Helen's classes; or empty
    std::map<std::string, std::array<double, 2>> landmarks;  // left-eye, right-eye, nose-tip, mouth-left, mouth-right

    Picture(std::vector<std::uint8_t> pixels) : rgb(std::move(pixels)) {}
};

struct Settings {
    std::string host = "127.0.0.1";  // this machine only
    int port = 7788;                 // 0 takes a free one
    std::string engine = "engine";   // name and version, for messages
    int smallest = 16, largest = 4096;
    bool scenes = false;             // the function follows pose, light and crop
    bool labels = false, landmarks = false;
    std::string fingerprint;         // of the schema; empty if unknown
};

class Server {
public:
    using Draw = std::function<Picture(const Request&)>;

    Server(std::vector<std::string> names, Draw draw, Settings settings = {})
        : names_(std::move(names)), draw_(std::move(draw)), settings_(std::move(settings)) {
#ifdef _WIN32
        WSADATA data;
        WSAStartup(MAKEWORD(2, 2), &data);
#endif
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        int yes = 1;
#ifndef _WIN32
        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
#else
        setsockopt(listener_, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, reinterpret_cast<const char*>(&yes), sizeof yes);
#endif
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(settings_.port));
        if (inet_pton(AF_INET, settings_.host.c_str(), &address.sin_addr) != 1 ||
            ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, 8) != 0) {
            close_socket(listener_);
            throw std::runtime_error("cannot listen on " + settings_.host + ":" + std::to_string(settings_.port));
        }
        socklen_t length = sizeof address;
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
        settings_.port = ntohs(address.sin_port);
    }

    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    ~Server() {
        for (Socket one : clients_) close_socket(one);
        close_socket(listener_);
#ifdef _WIN32
        WSACleanup();
#endif
    }

    int port() const { return settings_.port; }

    void serve() {
        while (true) poll(200);
    }

    // Answers the messages that have arrived, and returns their number; waits at most this long for one.
    int poll(int milliseconds = 0) {
        fd_set ready;
        FD_ZERO(&ready);
        FD_SET(listener_, &ready);
        Socket last = listener_;
        for (Socket one : clients_) {
            FD_SET(one, &ready);
            last = std::max(last, one);
        }
        timeval wait{milliseconds / 1000, (milliseconds % 1000) * 1000};
        if (::select(static_cast<int>(last) + 1, &ready, nullptr, nullptr, &wait) <= 0) return 0;
        int answered = 0;
        std::vector<Socket> kept;
        for (Socket one : clients_) {
            bool open = !FD_ISSET(one, &ready) || (answer(one) && ++answered);
            open ? kept.push_back(one) : close_socket(one);
        }
        clients_ = kept;
        if (FD_ISSET(listener_, &ready)) accept_one();
        return answered;
    }

private:
    void accept_one() {
        Socket one = ::accept(listener_, nullptr, nullptr);
        if (one == static_cast<Socket>(-1)) return;
        if (clients_.size() >= 32) return close_socket(one);
#ifdef _WIN32
        DWORD time = seconds * 1000;
#else
        timeval time{seconds, 0};
#endif
        int yes = 1;
        setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<const char*>(&time), sizeof time);
        setsockopt(one, SOL_SOCKET, SO_SNDTIMEO, reinterpret_cast<const char*>(&time), sizeof time);
        setsockopt(one, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&yes), sizeof yes);
        clients_.push_back(one);
    }

    // Answers one message; false ends the connection.
    bool answer(Socket one) {
        std::uint32_t prefix[3];
        if (!read(one, prefix, 12) || std::memcmp(prefix, "F2PE", 4) != 0) return false;
        if (prefix[1] > largest || prefix[2] > largest) return false;
        Request asked;
        asked.header.resize(prefix[1]);
        std::vector<float> values((prefix[2] + 3) / 4);
        if (!read(one, &asked.header[0], prefix[1]) || !read(one, values.data(), prefix[2])) return false;
        asked.parameters = std::move(values);
        auto is = [&](const std::string& type) {
            return asked.header.find("\"type\":\"" + type + "\"") != std::string::npos;
        };
        if (is("hello")) {
            bool same = asked.number("protocol") == protocol;
            return send(one, same ? welcome() : error("null", "this engine has version 1 of the link"));
        }
        if (!is("render")) return false;
        std::string id = std::to_string(static_cast<long long>(std::clamp(asked.number("id"), 0.0, 9e15)));
        double size = asked.number("size");
        if (!(size >= settings_.smallest && size <= settings_.largest))
            return send(one, error(id, "this engine does not draw pictures of that size"));
        asked.size = static_cast<int>(size);
        if (prefix[2] != 4 * names_.size())
            return send(one, error(id, "expected " + std::to_string(names_.size()) + " parameters"));
        try {
            Picture drawn = draw_(asked);
            std::size_t pixels = static_cast<std::size_t>(asked.size) * asked.size;
            if (drawn.rgb.size() != 3 * pixels || (!drawn.labels.empty() && drawn.labels.size() != pixels))
                return send(one, error(id, "the picture has " + std::to_string(drawn.rgb.size()) + " bytes of RGB"));
            return send(one, picture(id, asked.size, drawn), drawn.rgb, drawn.labels);
        } catch (const std::exception& failure) {
            return send(one, error(id, failure.what()));
        }
    }

    static bool read(Socket one, void* into, std::size_t count) {
        char* at = static_cast<char*>(into);
        while (count) {
            auto got = ::recv(one, at, static_cast<int>(std::min<std::size_t>(count, 1 << 18)), 0);
            if (got <= 0) return false;
            at += got;
            count -= static_cast<std::size_t>(got);
        }
        return true;
    }

    static bool write(Socket one, const void* from, std::size_t count) {
        const char* at = static_cast<const char*>(from);
        while (count) {
            auto sent = ::send(one, at, static_cast<int>(std::min<std::size_t>(count, 1 << 18)), send_flags);
            if (sent <= 0) return false;
            at += sent;
            count -= static_cast<std::size_t>(sent);
        }
        return true;
    }

    static bool send(Socket one, const std::string& header, const std::vector<std::uint8_t>& rgb = {},
                     const std::vector<std::uint8_t>& labels = {}) {
        std::uint32_t prefix[3] = {0, static_cast<std::uint32_t>(header.size()),
                                   static_cast<std::uint32_t>(rgb.size() + labels.size())};
        std::memcpy(prefix, "F2PE", 4);
        return write(one, prefix, 12) && write(one, header.data(), header.size()) &&
               write(one, rgb.data(), rgb.size()) && write(one, labels.data(), labels.size());
    }

    std::string welcome() const {
        std::string names;
        for (const std::string& name : names_) names += (names.empty() ? "" : ",") + quoted(name);
        auto flag = [](bool value) { return value ? "true" : "false"; };
        std::string made = "{\"type\":\"welcome\",\"protocol\":" + std::to_string(protocol);
        made += ",\"engine\":" + quoted(settings_.engine);
        made += ",\"smallest_size\":" + std::to_string(settings_.smallest);
        made += ",\"largest_size\":" + std::to_string(settings_.largest);
        made += std::string(",\"scenes\":") + flag(settings_.scenes);
        made += std::string(",\"labels\":") + flag(settings_.labels);
        made += std::string(",\"landmarks\":") + flag(settings_.landmarks);
        if (!settings_.fingerprint.empty()) made += ",\"fingerprint\":" + quoted(settings_.fingerprint);
        return made + ",\"parameters\":[" + names + "]}";
    }

    static std::string picture(const std::string& id, int size, const Picture& drawn) {
        std::string points;
        for (const auto& [name, at] : drawn.landmarks) {
            std::ostringstream place;
            place.imbue(std::locale::classic());
            place.precision(9);
            place << quoted(name) << ":[" << at[0] << "," << at[1] << "]";
            points += (points.empty() ? "" : ",") + place.str();
        }
        std::string made = "{\"type\":\"picture\",\"id\":" + id + ",\"size\":" + std::to_string(size);
        made += ",\"format\":\"rgb8\"";
        if (!drawn.labels.empty()) {
            made += ",\"label_format\":\"l8\",\"label_bytes\":" + std::to_string(drawn.labels.size());
        }
        return made + (points.empty() ? "" : ",\"landmarks\":{" + points + "}") + "}";
    }

    static std::string error(const std::string& id, const std::string& message) {
        return "{\"type\":\"error\",\"id\":" + id + ",\"message\":" + quoted(message) + "}";
    }

    static std::string quoted(const std::string& text) {
        std::string made = "\"";
        for (char letter : text) {
            if (letter == '"' || letter == '\\') made += '\\';
            made += static_cast<unsigned char>(letter) < 32 ? ' ' : letter;
        }
        return made + "\"";
    }

    std::vector<std::string> names_;
    Draw draw_;
    Settings settings_;
    Socket listener_;
    std::vector<Socket> clients_;
};

}  // namespace f2p
