import CCurl
import Glibc

/// ``HTTPTransport`` on libcurl's multi interface.
///
/// All transfers run on one thread, which sleeps in `curl_multi_poll` and is woken by `curl_multi_wakeup`; connections
/// are kept and used again, over HTTP/2 where TLS offers it. TLS 1.2 is the least, verification can't be switched off,
/// redirects are never followed, plain http goes to loopback only, `.netrc` and cookies don't exist.
///
///     let transport = try CurlTransport()
///     let response = try await transport.send(HTTPRequest(.get, "https://api.example.com/things"))
///     await transport.shutdown()
///
/// The number of requests under way is the number of tasks inside ``send(_:)``; the caller bounds it. What their bodies take
/// together is bounded here (``Options/maximumBodyBytes``).
package final class CurlTransport: HTTPTransport {
    /// What holds for every request.
    package struct Options: Sendable {
        /// `User-Agent`: product and version (RFC 9110, 10.1.5).
        package var userAgent: String
        /// A PEM file whose certificates are trusted instead of the system's; `nil`: the system's.
        package var caFile: String?
        /// By what servers know this host; `nil`: nothing.
        package var clientCertificate: ClientCertificate?
        /// What goes through a proxy.
        package var proxies: ProxyRules
        /// User and password for the proxy; `nil`: none.
        package var proxyCredentials: ProxyCredentialsFile?
        /// What an address is called in messages, where the request itself does not say.
        package var addressName: String
        /// Idle connections kept at most.
        package var maximumIdleConnections: Int
        /// Connections at most; what exceeds waits for its turn, within its own time limit.
        package var maximumConnections: Int
        /// Bytes of decoded bodies that all answers together may hold until they are let go of, beyond the first 32 KiB of each: a
        /// transfer that finds no room waits, and its host with it.
        package var maximumBodyBytes: Int

        /// The defaults suit a few thousand hosts that are polled: each keeps its connection from poll to poll, since a TLS handshake
        /// costs more than the poll.
        package init(
            userAgent: String = "Tributary", caFile: String? = nil, clientCertificate: ClientCertificate? = nil,
            proxies: ProxyRules = ProxyRules(proxy: nil, exceptions: nil, environment: [:]),
            proxyCredentials: ProxyCredentialsFile? = nil, addressName: String = HTTPRequest.usualAddressName,
            maximumIdleConnections: Int = 4096, maximumConnections: Int = 4096, maximumBodyBytes: Int = 48 << 20
        ) {
            self.userAgent = userAgent
            self.caFile = caFile
            self.clientCertificate = clientCertificate
            self.proxies = proxies
            self.proxyCredentials = proxyCredentials
            self.addressName = addressName
            self.maximumIdleConnections = maximumIdleConnections
            self.maximumConnections = maximumConnections
            self.maximumBodyBytes = maximumBodyBytes
        }
    }

    /// A certificate that is presented to servers that ask for one, and its private key: two PEM files, the key without a passphrase. They are
    /// read for each new connection.
    package struct ClientCertificate: Sendable, Hashable {
        package var file: String
        package var keyFile: String

        package init(file: String, keyFile: String) {
            self.file = file
            self.keyFile = keyFile
        }
    }

    private let loop: CurlLoop
    private let options: Options

    /// Starts the thread.
    ///
    /// - Throws: ``TransportError`` of kind `invalidRequest` when an option can't be used (a file that can't be
    ///   read, a control character), or when libcurl or the thread is unavailable.
    package init(_ options: Options = Options()) throws(TransportError) {
        let files = [
            ("ca_file", options.caFile), ("certificate_file", options.clientCertificate?.file),
            ("key_file", options.clientCertificate?.keyFile),
        ]
        for text in [options.userAgent] + files.compactMap(\.1) where !text.isHeaderValue {
            throw TransportError(.invalidRequest, host: "any host", detail: "control character in a transport option")
        }
        for case (let key, let file?) in files where access(file, R_OK) != 0 {
            let reason = String(cString: strerror(errno))
            throw TransportError(
                .invalidRequest, host: "any host", detail: "\(key) \(file): \(reason)",
                remedy: "Check the path of \(key) and its permissions")
        }
        self.options = options
        loop = try CurlLoop(options)
    }

    deinit { loop.stop(nil) }

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let transfer = try transfer(for: request)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in loop.submit(transfer, continuation) }
        } onCancel: {
            loop.cancel(transfer)
        }
        return try result.get()
    }

    private func transfer(for request: HTTPRequest) throws(TransportError) -> CurlTransfer {
        let url = try Self.checkedURL(of: request)
        guard !url.isLinkLocal || !request.allowsLinkLocal, let proxy = options.proxies.proxy(for: url) else {
            return CurlTransfer(request, url, options, proxy: nil, nil)
        }
        do throws(ProxyCredentialsFile.Failure) {
            return CurlTransfer(request, url, options, proxy: proxy, try options.proxyCredentials?.current())
        } catch {
            throw TransportError(
                .proxy, host: url.hostAndPort, detail: error.words,
                remedy:
                    "Put user:password on one line of the file of network.proxy_credentials_file; it is read again at once"
            )
        }
    }

    /// Ends every transfer under way with `shutDown`, closes all connections, ends the thread, and returns when that is done.
    /// May be called more than once.
    package func shutdown() async {
        await withCheckedContinuation { continuation in loop.stop(continuation) }
    }

    /// Refuses what could reach another host than it seems to, or add header lines.
    private static func checkedURL(of request: HTTPRequest) throws(TransportError) -> HTTPURL {
        guard let url = HTTPURL(request.url) else {
            throw TransportError(
                .invalidRequest, host: "an unreadable address", detail: "not a plain http or https URL")
        }
        let host = url.hostAndPort
        guard url.isSecure || url.isLoopback || (request.allowsLinkLocal && url.isLinkLocal) else {
            throw TransportError(.invalidRequest, host: host, detail: "plain http goes to a loopback address only")
        }
        for line in request.headers.lines {
            guard line.name.isHeaderName else {
                throw TransportError(.invalidRequest, host: host, detail: "a header name that is no token")
            }
            guard line.value.isHeaderValue else {
                throw TransportError(.invalidRequest, host: host, detail: "control character in header \(line.name)")
            }
        }
        return url
    }
}

extension String {
    /// A token of RFC 9110, 5.6.2.
    fileprivate var isHeaderName: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x30 && byte <= 0x39)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    /// Without control bytes other than a tab (RFC 9110, 5.5): CR, LF and NUL above all.
    fileprivate var isHeaderValue: Bool {
        utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
    }
}
