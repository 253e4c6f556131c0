import Glibc

/// Decides which requests go through a proxy. Tributary decides this itself instead of libcurl, so that a message can say whether a proxy was used.
///
/// The configured proxy replaces `https_proxy` or `all_proxy` of the environment, and the configured exceptions replace `no_proxy`. The names of
/// these variables may be in lower or upper case (libcurl-env(3)). A request to a loopback address never goes through a proxy.
package struct ProxyRules: Sendable, Hashable {
    /// A proxy's address in two forms: one for libcurl, and one to show in messages.
    struct Proxy: Sendable, Hashable {
        let text: String
        /// Host and port, without the user and password that an address from the environment may contain.
        let shown: String

        init(_ text: String) {
            self.text = text
            var rest = text[...]
            if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
            if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
            shown = String(rest.prefix { $0 != "/" }).oneLine(limit: 200)
        }
    }

    private let proxy: Proxy?
    private let exceptions: [String]

    /// - Parameters:
    ///   - proxy: the proxy's address. If nil, the proxy in the environment is used.
    ///   - exceptions: hosts to which requests go directly. A name, with or without a dot at its beginning, includes its subdomains. An IP address or
    ///     a range of addresses applies only to URLs whose host is an IP address. `*` stands for all hosts. If nil, the exceptions in the environment
    ///     are used.
    package init(proxy: String?, exceptions: [String]?, environment: [String: String]) {
        func variable(_ names: [String]) -> String? { names.lazy.compactMap { environment[$0] }.first }
        let address = proxy ?? variable(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
        self.proxy = address.flatMap { $0.isEmpty ? nil : Proxy($0) }
        let listed =
            exceptions
            ?? (variable(["no_proxy", "NO_PROXY"]) ?? "").split { $0 == "," || $0.isWhitespace }.map(String.init)
        self.exceptions = listed.map { $0.lowercased() }
    }

    /// The proxy for `url`; nil if the request goes directly.
    func proxy(for url: HTTPURL) -> Proxy? {
        guard let proxy, !url.isLoopback, !exceptions.contains(where: { Self.covers($0, url.host) }) else { return nil }
        return proxy
    }

    /// Host and port of the proxy for this address; nil if a request goes directly.
    package func proxyShown(for address: String) -> String? {
        HTTPURL(address).flatMap { proxy(for: $0) }?.shown
    }

    private static func covers(_ exception: String, _ host: String) -> Bool {
        if exception == "*" { return true }
        if let address = bytes(of: host) {
            let parts = exception.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            var text = parts.first ?? ""
            if text.first == "[", text.last == "]" { text = text.dropFirst().dropLast() }
            guard let first = bytes(of: String(text)), first.count == address.count else { return false }
            guard parts.count == 2 else { return first == address }
            guard let length = Int(parts[1]), (0...address.count * 8).contains(length) else { return false }
            return equal(first, address, bits: length)
        }
        var name = exception[...]
        while name.first == "." { name.removeFirst() }
        while name.last == "." { name.removeLast() }
        return !name.isEmpty && (host == name || host.hasSuffix("." + name))
    }

    private static func equal(_ left: [UInt8], _ right: [UInt8], bits: Int) -> Bool {
        for (index, (one, other)) in zip(left, right).enumerated() {
            let mask = ~UInt8(truncatingIfNeeded: 0xFF >> min(8, max(0, bits - index * 8)))
            if (one ^ other) & mask != 0 { return false }
        }
        return true
    }

    private static func bytes(of host: String) -> [UInt8]? {
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, host, &four) == 1 { return four }
        var sixteen = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, host, &sixteen) == 1 ? sixteen : nil
    }
}
