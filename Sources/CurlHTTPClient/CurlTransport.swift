import CCurl
import Glibc

/// ``HTTPTransport`` on libcurl's multi interface.
///
/// All transfers run on one thread, which sleeps in epoll_wait(2) while no socket is ready. Connections are reused, with HTTP/2 if the server offers
/// it over TLS. TLS 1.2 is the minimum, and verification can't be switched off. Redirects are never followed, and `.netrc` and cookies are not
/// supported. Plain http is used only for loopback addresses, and for link-local addresses if a request allows plain http.
///
///     let transport = try CurlTransport()
///     let response = try await transport.send(HTTPRequest(.get, "https://api.example.com/things"))
///     await transport.shutdown()
///
/// Each call of ``send(_:)`` runs one request. The caller must limit the number of simultaneous calls. The transport limits the memory that all
/// bodies together use (``Options/maximumBodyBytes``).
package final class CurlTransport: HTTPTransport {
    /// Options that apply to every request.
    package struct Options: Sendable {
        /// `User-Agent`: product and version (RFC 9110, 10.1.5).
        package var userAgent: String
        /// A PEM file with the certificates to trust instead of the system's; nil to trust the system's.
        package var caFile: String?
        /// The certificate with which this host authenticates itself to servers; nil if it has none.
        package var clientCertificate: ClientCertificate?
        /// The rules that decide which requests go through a proxy.
        package var proxies: ProxyRules
        /// The user and password for the proxy; nil if it needs none.
        package var proxyCredentials: ProxyCredentialsFile?
        /// The name of a request's URL in messages, such as “the org's URL”. A request can replace it with its own ``HTTPRequest/addressName``.
        package var addressName: String
        /// The maximum number of idle connections that are kept.
        package var maximumIdleConnections: Int
        /// The maximum number of connections. When all are in use, a request waits for a free connection, at most until the request's time limit.
        package var maximumConnections: Int
        /// The maximum size of the decoded bodies of all answers together, in bytes. A body counts as soon as it could be larger than 32 KiB, and
        /// until it is released. If there is no room for a body, its transfer waits and stops reading from its host.
        package var maximumBodyBytes: Int

        /// Creates options. The defaults suit a few thousand hosts that are polled. The connection to each host is kept between polls, because a TLS
        /// handshake costs more than a poll.
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

    /// A certificate for servers that request one, and its private key. Both are PEM files, and the key must have no passphrase. libcurl reads them
    /// for each new connection.
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

    /// Starts the transport's thread.
    ///
    /// - Throws: ``TransportError`` of kind `invalidRequest` if an option contains a control character or names a file that can't be read, or if
    ///   libcurl, epoll or the thread can't be set up.
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
                    "Put user:password on one line of the file that network.proxy_credentials_file names; Tributary reads a changed file immediately"
            )
        }
    }

    /// Ends every running transfer with the error `shutDown`, closes all connections, ends the thread, and then returns. May be called more than
    /// once.
    package func shutdown() async {
        await withCheckedContinuation { continuation in loop.stop(continuation) }
    }

    /// Checks a request and returns its URL. Refuses a URL that could lead to another host than a reader would expect, and headers that could add
    /// further header lines.
    private static func checkedURL(of request: HTTPRequest) throws(TransportError) -> HTTPURL {
        guard let url = HTTPURL(request.url) else {
            throw TransportError(
                .invalidRequest, host: "an unreadable address", detail: "not a usable http or https URL")
        }
        let host = url.hostAndPort
        guard url.isSecure || url.isLoopback || (request.allowsLinkLocal && url.isLinkLocal) else {
            throw TransportError(
                .invalidRequest, host: host, detail: "plain http is allowed only for a loopback address")
        }
        for line in request.headers.lines {
            guard line.name.isHeaderName else {
                throw TransportError(.invalidRequest, host: host, detail: "a header name with an invalid character")
            }
            guard line.value.isHeaderValue else {
                throw TransportError(.invalidRequest, host: host, detail: "control character in header \(line.name)")
            }
        }
        return url
    }
}

extension String {
    /// Whether the text is a token (RFC 9110, 5.6.2).
    fileprivate var isHeaderName: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x30 && byte <= 0x39)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    /// Whether the text has no control byte other than a tab (RFC 9110, 5.5). In particular, it must not contain CR, LF or NUL.
    fileprivate var isHeaderValue: Bool {
        utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
    }
}
