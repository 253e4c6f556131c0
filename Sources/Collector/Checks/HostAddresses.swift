import Glibc
import Systemd

/// Looks up a host with the system's resolver, so that a person can investigate DNS problems. The transport does its own look-ups.
enum HostAddresses {
    /// The distinct addresses, or the resolver's error message.
    static func lookUp(_ host: String) async -> Result<[String], Failure> {
        await withCheckedContinuation { continuation in
            // getaddrinfo(3) blocks for as long as resolv.conf(5) allows, so it must not run on the cooperative pool.
            let status = DetachedThread.start { continuation.resume(returning: ask(host)) }
            if status != 0 {
                continuation.resume(returning: .failure(Failure(words: String(cString: strerror(status)))))
            }
        }
    }

    struct Failure: Error {
        let words: String
    }

    private static func ask(_ host: String) -> Result<[String], Failure> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { return .failure(Failure(words: String(cString: gai_strerror(code)))) }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next?.pointee, found.count < 32 {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            {
                let address = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
                if !found.contains(address) { found.append(address) }
            }
            next = entry.ai_next
        }
        return .success(found)
    }
}
