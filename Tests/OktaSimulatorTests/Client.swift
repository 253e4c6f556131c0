import CZlib
import Foundation
import Glibc

/// A client that returns the raw answer: the header lines in order, the bytes of the body, and whether the body is complete.
struct Client {
    struct Answer {
        var status = 0
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
        /// True if the body has as many bytes as Content-Length says, or, for a chunked body, if the last chunk has arrived.
        var isComplete = false

        func all(_ name: String) -> [String] { headers.filter { $0.name.lowercased() == name }.map(\.value) }
        func first(_ name: String) -> String? { all(name).first }
        var text: String { String(decoding: body, as: UTF8.self) }
        var json: Any? { try? JSONSerialization.jsonObject(with: Data(body)) }
        var events: [[String: Any]]? { json as? [[String: Any]] }
        var object: [String: Any]? { json as? [String: Any] }
        /// The status, and Okta's error code if there is one: `400 E0000001`.
        var verdict: String { "\(status)\((object?["errorCode"] as? String).map { " " + $0 } ?? "")" }
        var uuids: [String] { (events ?? []).compactMap { $0["uuid"] as? String } }
        func link(_ rel: String) -> String? {
            for line in all("link") where line.hasSuffix("; rel=\"\(rel)\"") && line.hasPrefix("<") {
                return String(line.dropFirst().prefix { $0 != ">" })
            }
            return nil
        }
    }

    var port: UInt16
    var token: String? = "00simulated-okta-token"
    var extra: [String] = []
    var method = "GET"
    /// Called repeatedly while nothing arrives. If it returns true, the client gives up. Nil: the client waits until the server closes
    /// the connection.
    var givesUp: (@Sendable () -> Bool)?
    var isV6 = false
    /// True if a POST or PUT with an empty body has no Content-Length.
    var omitsLength = false

    /// Sends a request with this method. The body, if any, is JSON.
    func send(_ method: String, _ target: String, body: String = "") -> Answer {
        var client = self
        client.method = method
        if !body.isEmpty { client.extra.append("Content-Type: application/json") }
        return client.get(target, body: body)
    }

    /// - Parameter target: a path, or a complete URL of this org.
    func get(_ target: String, body: String = "") -> Answer {
        var answer = Answer()
        let socket = Glibc.socket(isV6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        // This timeout only determines how often `givesUp` is called. It does not end the request.
        var timeout = timeval(tv_sec: 0, tv_usec: 50_000)
        if givesUp != nil {
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
        guard connect(socket) else { return answer }
        let path =
            target.hasPrefix("http")
            ? String(target[(target.range(of: "/api")?.lowerBound ?? target.startIndex)...]) : target
        var lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: close"] + extra
        if let token { lines.append("Authorization: SSWS \(token)") }
        if !body.isEmpty || !omitsLength && (method == "POST" || method == "PUT") {
            lines.append("Content-Length: \(body.utf8.count)")
        }
        let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
        _ = request.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let got = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
            if got < 0, errno == EAGAIN, givesUp?() == false { continue }
            if got <= 0 { break }
            bytes += buffer[..<got]
        }
        parse(bytes, into: &answer)
        return answer
    }

    private func connect(_ socket: Int32) -> Bool {
        if isV6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
                }
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private func parse(_ bytes: [UInt8], into answer: inout Answer) {
        guard bytes.count >= 4,
            let end = (3..<bytes.count).first(where: { Array(bytes[($0 - 3)...$0]) == [13, 10, 13, 10] })
        else { return }
        let lines = String(decoding: bytes[...end], as: UTF8.self).split(separator: "\r\n")
        answer.status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
        answer.headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
        let rest = bytes[(end + 1)...]
        if answer.first("transfer-encoding") == "chunked" {
            var at = rest.startIndex
            while let lineEnd = rest[at...].firstIndex(of: 13) {
                guard let size = Int(String(decoding: rest[at..<lineEnd], as: UTF8.self), radix: 16) else { return }
                if size == 0 {
                    answer.isComplete = true
                    return
                }
                let stop = min(rest.endIndex, lineEnd + 2 + size)
                answer.body += rest[(lineEnd + 2)..<stop]
                at = stop + 2
                if at > rest.endIndex { return }
            }
        } else {
            answer.body = Array(rest)
            answer.isComplete = answer.first("content-length") == "\(rest.count)"
        }
    }
}

func gunzip(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    guard tributary_gzip_inflate_init(&stream) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: 8 << 20)
    let result = input.withUnsafeMutableBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            stream.next_out = target.baseAddress
            stream.avail_out = UInt32(target.count)
            return inflate(&stream, Z_FINISH)
        }
    }
    return result == Z_STREAM_END ? Array(output.prefix(Int(stream.total_out))) : nil
}
