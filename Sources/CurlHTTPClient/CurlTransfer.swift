import CCurl
import Glibc
import Synchronization

/// One transfer. It owns its easy handle, header list and error buffer. ``release()`` frees the handle and the list; the buffer lives as long as this
/// object.
///
/// `@unchecked Sendable`: the caller creates the transfer and passes it to the loop's thread through the inbox, which has a lock. From then on only
/// that thread uses it, except for `isCancelled`.
final class CurlTransfer: @unchecked Sendable {
    /// How a transfer ended.
    enum End {
        /// libcurl ended the transfer with this code. `CURLE_OK` means success.
        case failed(CURLcode)
        case cancelled
        case shutDown
    }

    let host: String
    let isCancelled = Atomic<Bool>(false)
    /// The loop sets the id when it accepts the transfer. No id is used twice.
    var id: UInt64 = 0
    var loop: CurlLoop?
    var continuation: CurlLoop.Answer?
    private(set) var easy: UnsafeMutableRawPointer?

    private let request: HTTPRequest
    private let url: HTTPURL
    private let options: CurlTransport.Options
    private let proxy: ProxyRules.Proxy?
    private let proxyCredentials: ProxyCredentialsFile.Credentials?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    private var body: [UInt8] = []
    private var headers = HTTPHeaders()
    private var headerBytes = 0
    private var isPastHeaders = false
    private var overflow: String?
    private var connection: HTTPConnection?
    private enum Encoding { case plain, gzip }

    /// The content encoding of the body; nil until the body begins.
    private var encoding: Encoding?
    /// Created when the first bytes are decoded. A transfer that waits for memory has no decoder, which saves memory if a thousand transfers wait.
    private var decoder: GzipDecoder?
    private var broken: String?
    /// The memory allowance of a body larger than ``BodyBudget/freeBytes``. The response takes over the allowance. If there is no response, the
    /// allowance is released with this transfer.
    private var allowance: BodyAllowance?
    private var isWaiting = false
    private var expectedBytes = 0
    private var waitsSince = ContinuousClock.now
    /// How much of the upload libcurl has read, in bytes.
    private var uploaded: Int64 = 0
    private var uploadFailed = false
    private var waited = Duration.zero

    init(
        _ request: HTTPRequest, _ url: HTTPURL, _ options: CurlTransport.Options, proxy: ProxyRules.Proxy?,
        _ proxyCredentials: ProxyCredentialsFile.Credentials?
    ) {
        self.request = request
        self.url = url
        self.options = options
        self.proxy = proxy
        self.proxyCredentials = proxyCredentials
        host = url.hostAndPort
        errorText.initialize(repeating: 0)
    }

    deinit {
        release()
        errorText.deallocate()
    }

    /// Resumes the caller. Must be called exactly once.
    func resume(_ result: Result<HTTPResponse, TransportError>) {
        continuation?.resume(returning: result)
        continuation = nil
    }

    /// Frees what libcurl allocated. The easy handle must have been removed from the multi handle.
    func release() {
        if let easy { curl_easy_cleanup(easy) }
        easy = nil
        allowance = nil
        curl_slist_free_all(headerList)
        headerList = nil
    }

    /// Gives the handle to the caller. The handle must not be in the multi handle. The caller resets the handle before using it again.
    func takeHandle() -> UnsafeMutableRawPointer? {
        defer { easy = nil }
        return easy
    }

    /// Sets every option of a new or reset handle. Returns nil if libcurl rejects an option, because the transfer must not run without its security
    /// options.
    func prepare(_ handle: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let easy = handle else { return nil }
        self.easy = easy
        guard setAddress(easy), setTrust(easy), setLimits(easy), setMessage(easy), setSinks(easy) else {
            release()
            return nil
        }
        return easy
    }

    private func setAddress(_ easy: UnsafeMutableRawPointer) -> Bool {
        var isGood =
            text(easy, CURLOPT_URL, request.url)
            && text(easy, CURLOPT_PROTOCOLS_STR, url.isSecure ? "https" : "http")
            && number(easy, CURLOPT_PATH_AS_IS, 1)
            && number(easy, CURLOPT_FOLLOWLOCATION, 0)
            && number(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
            && number(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
            && number(easy, CURLOPT_NOSIGNAL, 1)
            && number(easy, CURLOPT_TCP_KEEPALIVE, 1)
            && number(easy, CURLOPT_NETRC, 0)
            && number(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
            && number(easy, CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        // CURLOPT_PROXY and CURLOPT_NOPROXY are set even without a proxy. Otherwise libcurl would use the variables of the environment.
        isGood = isGood && text(easy, CURLOPT_PROXY, proxy?.text ?? "") && text(easy, CURLOPT_NOPROXY, "")
        if let proxyCredentials, proxy != nil {
            isGood =
                isGood && text(easy, CURLOPT_PROXYUSERNAME, proxyCredentials.user)
                && text(easy, CURLOPT_PROXYPASSWORD, proxyCredentials.password)
        }
        if request.describesConnection { isGood = isGood && number(easy, CURLOPT_CERTINFO, 1) }
        if request.describesConnection || request.isSentOnce {
            isGood = isGood && number(easy, CURLOPT_FRESH_CONNECT, 1)
        }
        return isGood
    }

    private func setTrust(_ easy: UnsafeMutableRawPointer) -> Bool {
        // libcurl 7.87 and later caches parsed certificates. With a limit of ten minutes, a replaced file is noticed soon enough.
        _ = number(easy, CURLOPT_CA_CACHE_TIMEOUT, 600)
        var isGood =
            number(easy, CURLOPT_SSL_VERIFYPEER, 1) && number(easy, CURLOPT_SSL_VERIFYHOST, 2)
            && number(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
            && number(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 1) && number(easy, CURLOPT_PROXY_SSL_VERIFYHOST, 2)
            && number(easy, CURLOPT_PROXY_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let caFile = options.caFile {
            isGood =
                isGood && text(easy, CURLOPT_CAINFO, caFile)
                && ccurl_set_text(easy, CURLOPT_CAPATH, nil) == CURLE_OK
            if proxy != nil {
                isGood =
                    isGood && text(easy, CURLOPT_PROXY_CAINFO, caFile)
                    && ccurl_set_text(easy, CURLOPT_PROXY_CAPATH, nil) == CURLE_OK
            }
        }
        if let own = options.clientCertificate {
            isGood = isGood && text(easy, CURLOPT_SSLCERT, own.file) && text(easy, CURLOPT_SSLKEY, own.keyFile)
        }
        return isGood
    }

    private func setLimits(_ easy: UnsafeMutableRawPointer) -> Bool {
        let limits = request.limits
        return number(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, limits.connect.wholeMilliseconds))
            && number(easy, CURLOPT_TIMEOUT_MS, max(1, limits.total.wholeMilliseconds))
            && number(easy, CURLOPT_LOW_SPEED_LIMIT, 1)
            && number(easy, CURLOPT_LOW_SPEED_TIME, max(1, limits.stall.wholeMilliseconds / 1000))
            && number(easy, CURLOPT_BUFFERSIZE, Self.bufferBytes)
    }

    private func setMessage(_ easy: UnsafeMutableRawPointer) -> Bool {
        var isGood = text(easy, CURLOPT_USERAGENT, options.userAgent)
        if let signature = request.signature {
            isGood = isGood && setSignature(easy, signature)
        } else {
            isGood = isGood && addHeader("Accept-Encoding: gzip")
        }
        switch request.method {
        case .get:
            isGood = isGood && number(easy, CURLOPT_HTTPGET, 1)
        case .head:
            isGood = isGood && number(easy, CURLOPT_NOBODY, 1)
        case .put where request.upload != nil:
            isGood = isGood && setUpload(easy)
        case .delete where request.body == nil:
            isGood = isGood && number(easy, CURLOPT_HTTPGET, 1) && text(easy, CURLOPT_CUSTOMREQUEST, "DELETE")
        case .post, .put, .delete:
            let bytes = request.body ?? []
            let code = bytes.withUnsafeBytes { bytes in
                ccurl_set_body(easy, bytes.baseAddress ?? UnsafeRawPointer(errorText.baseAddress), bytes.count)
            }
            isGood = isGood && code == CURLE_OK
            if request.method != .post { isGood = isGood && text(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
        }
        for line in request.headers.lines {
            isGood = isGood && addHeader(line.value.isEmpty ? "\(line.name);" : "\(line.name): \(line.value)")
        }
        if request.method != .get, request.signature == nil {
            // These empty headers switch off two defaults of libcurl. Without them, libcurl would add the Content-Type of a form, and would wait for
            // the status 100 (Continue) before it sends a large body.
            isGood = isGood && addHeader("Expect:")
            if request.headers.first("Content-Type") == nil { isGood = isGood && addHeader("Content-Type:") }
        }
        return isGood && ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerList) == CURLE_OK
    }

    /// libcurl signs every line of the header list. A signed request must therefore not contain a header that a proxy may change. It must not contain
    /// a header without a value either, because libcurl 7.88 and the server would compute different signatures.
    private func setSignature(_ easy: UnsafeMutableRawPointer, _ signature: RequestSignature) -> Bool {
        text(easy, CURLOPT_AWS_SIGV4, signature.provider)
            && text(easy, CURLOPT_USERNAME, signature.keyID)
            && text(easy, CURLOPT_PASSWORD, signature.secret)
    }

    private func setUpload(_ easy: UnsafeMutableRawPointer) -> Bool {
        guard let upload = request.upload, number(easy, CURLOPT_UPLOAD, 1) else { return false }
        let context = Unmanaged.passUnretained(self).toOpaque()
        let code = ccurl_set_body_source(
            easy,
            { bytes, size, count, context in
                guard let bytes, let context else { return Int(CURL_READFUNC_ABORT) }
                let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.giveUpload(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            },
            { context, offset, origin in
                guard let context, origin == SEEK_SET else { return CURL_SEEKFUNC_FAIL }
                Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().uploaded = Int64(offset)
                return CURL_SEEKFUNC_OK
            }, context, upload.bytes)
        return code == CURLE_OK
    }

    /// Copies the next bytes of the upload into `room` and returns their number, which is 0 at the end. A file that is too short or can't be read
    /// ends the transfer.
    private func giveUpload(_ room: UnsafeMutableRawBufferPointer) -> Int {
        guard let upload = request.upload, uploaded < upload.bytes else { return 0 }
        let wanted = min(Int64(room.count), upload.bytes - uploaded)
        let count = upload.read(UnsafeMutableRawBufferPointer(rebasing: room.prefix(Int(wanted))), at: uploaded)
        guard count > 0 else {
            uploadFailed = true
            return Int(CURL_READFUNC_ABORT)
        }
        uploaded += Int64(count)
        return count
    }

    private func addHeader(_ line: String) -> Bool {
        guard let longer = curl_slist_append(headerList, line) else { return false }
        headerList = longer
        return true
    }

    private func setSinks(_ easy: UnsafeMutableRawPointer) -> Bool {
        let context = Unmanaged.passUnretained(self).toOpaque()
        let body = ccurl_set_body_sink(
            easy,
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
            }, context)
        let header = ccurl_set_header_sink(
            easy,
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
            }, context)
        return body == CURLE_OK && header == CURLE_OK
            && ccurl_set_error_buffer(easy, errorText.baseAddress) == CURLE_OK
    }

    /// The size of libcurl's read buffer. It is small because a waiting transfer uses two buffers, and a thousand waiting transfers must fit into
    /// memory.
    private static let bufferBytes = 16 << 10
    /// The assumed compression ratio when memory is requested. JSON rarely compresses better.
    private static let usualRatio = 16

    /// Receives bytes of the body. A result smaller than the number of bytes ends the transfer.
    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard learnEncoding() else { return 0 }
        let coming = body.count + bytes.count * (encoding == .gzip ? Self.usualRatio : 1)
        if allowance == nil, coming > BodyBudget.freeBytes, !takeAllowance(of: coming) {
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        if encoding == .gzip, decoder == nil {
            decoder = GzipDecoder()
            guard decoder != nil else {
                broken = "no memory to unpack the body"
                return 0
            }
        }
        let limit = request.limits.bodyBytes
        var isTooLarge = false
        if let decoder {
            switch decoder.decode(bytes, into: &body, limit: limit) {
            case .good: break
            case .tooLarge: isTooLarge = true
            case .broken:
                broken = "the gzip body is broken"
                return 0
            }
        } else if bytes.count <= limit - body.count {
            body.makeRoom(for: bytes.count)
            body.append(contentsOf: bytes)
        } else {
            isTooLarge = true
        }
        if isTooLarge {
            overflow = "a body of more than \(limit) bytes"
            return 0
        }
        return bytes.count
    }

    private func learnEncoding() -> Bool {
        guard encoding == nil else { return true }
        switch headers.first("Content-Encoding")?.lowercased() {
        case nil, "", "identity": encoding = .plain
        case "gzip", "x-gzip": encoding = .gzip
        default: broken = "an encoding that was not requested"
        }
        return broken == nil
    }

    /// Requests memory for the whole body. Returns false if there is no memory now. libcurl then keeps the received bytes, stops reading, and
    /// delivers the bytes again later.
    private func takeAllowance(of coming: Int) -> Bool {
        guard let loop else { return false }
        let length = headers.first("Content-Length").flatMap { Int($0) } ?? 0
        // The size of a compressed body is unknown until it is decompressed. The assumed size is the one that the caller expects, plus an eighth.
        // Without this addition, a body that is slightly larger than expected would have to be copied into a larger array.
        let expected = request.expectedBodyBytes
        expectedBytes = min(
            encoding == .plain ? max(expected, length) : expected + expected / 8, request.limits.bodyBytes)
        let isKnown = expectedBytes > BodyBudget.freeBytes
        let bytes = min(
            max(coming, isKnown ? expectedBytes : BodyBudget.usualAllowance), request.limits.bodyBytes)
        allowance = BodyAllowance(id, loop)
        guard loop.enterBudget(id, bytes: bytes) else {
            isWaiting = true
            waitsSince = ContinuousClock.now
            // The host is not the cause of this wait, so libcurl's time limit is switched off. Instead, the loop limits the wait.
            if let easy { _ = number(easy, CURLOPT_TIMEOUT_MS, 0) }
            return false
        }
        body.reserveCapacity(expectedBytes)
        return true
    }

    /// Whether the transfer has waited for memory longer than allowed, because other bodies were not released as they should be. If so, the caller of
    /// ``CurlTransport/send(_:)`` gets an error.
    func hasWaitedTooLong(at now: ContinuousClock.Instant) -> Bool {
        isWaiting && now - waitsSince > request.limits.room
    }

    /// Continues the transfer. Called when there is memory for its body.
    func goOn() {
        guard isWaiting, let easy else { return }
        isWaiting = false
        body.reserveCapacity(expectedBytes)
        waited += ContinuousClock.now - waitsSince
        _ = number(easy, CURLOPT_TIMEOUT_MS, max(1, (request.limits.total + waited).wholeMilliseconds))
        // This call delivers the bytes that libcurl kept. If the call fails, the body is incomplete, even if the transfer continues.
        if curl_easy_pause(easy, CURLPAUSE_CONT) != CURLE_OK, overflow == nil, broken == nil {
            broken = "the body could not be received"
        }
    }

    /// Receives one header line with its line end. A result smaller than the number of bytes ends the transfer.
    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        guard headerBytes <= request.limits.headerBytes else {
            overflow = "headers of more than \(request.limits.headerBytes) bytes"
            return 0
        }
        var line = bytes[...]
        while let last = line.last, last == 0x0A || last == 0x0D || last == 0x20 || last == 0x09 {
            line = line.dropLast()
        }
        if line.starts(with: "HTTP/".utf8) {
            headers = HTTPHeaders()
            isPastHeaders = false
        } else if line.isEmpty {
            isPastHeaders = true
            // The connection is described now, because libcurl knows the TLS session only while the transfer runs.
            if request.describesConnection, let easy { describeConnection(easy) }
        } else if isPastHeaders {
            // This line is a trailer. Trailers are ignored, so that a trailer is not mistaken for a header.
        } else if line.first == 0x20 || line.first == 0x09 {
            headers.continueLast(String(decoding: line.drop { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self))
        } else if let colon = line.firstIndex(of: 0x3A) {
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            headers.append(String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
        return bytes.count
    }

    /// The result for the caller. Must be called before the handle is freed.
    func result(_ end: End) -> Result<HTTPResponse, TransportError> {
        switch end {
        case .cancelled: return .failure(TransportError(.cancelled, host: host, detail: ""))
        case .shutDown: return .failure(TransportError(.shutDown, host: host, detail: ""))
        case .failed(let code):
            // If the connection ends within the headers, libcurl reports success. Tributary reports an error instead.
            if code == CURLE_OK, !isPastHeaders {
                return .failure(
                    TransportError(
                        .interrupted, host: host, detail: "the connection closed before all headers had arrived"))
            }
            if code == CURLE_OK, let decoder, !decoder.isAtEnd { broken = "the gzip body ends too early" }
            guard code == CURLE_OK, broken == nil, overflow == nil, let easy else { return .failure(error(code)) }
            return .success(response(easy))
        }
    }

    private func error(_ code: CURLcode) -> TransportError {
        if isWaiting {
            return TransportError(.noRoom, host: host, detail: "waited for \(request.limits.room.components.seconds) s")
        }
        if let overflow { return TransportError(.tooLarge, host: host, detail: overflow) }
        if uploadFailed {
            return TransportError(.invalidRequest, host: host, detail: "the file to send can't be read to its end")
        }
        if let broken { return TransportError(.protocol, host: host, detail: broken) }
        var words = errorText.baseAddress.map { String(cString: $0) } ?? ""
        if words.isEmpty { words = String(cString: curl_easy_strerror(code)) }
        var failure = CurlFailure(code: code, words: words, host: host)
        failure.addressName = request.addressName ?? options.addressName
        failure.isSent = easy.map { ccurl_offset($0, CURLINFO_PRETRANSFER_TIME_T) > 0 } ?? false
        failure.proxy = proxy?.shown
        failure.hasProxyCredentials = proxyCredentials != nil
        if let easy {
            failure.connectStatus = ccurl_long(easy, CURLINFO_HTTP_CONNECTCODE)
            failure.verifyResult = ccurl_long(easy, CURLINFO_SSL_VERIFYRESULT)
            failure.proxyVerifyResult = ccurl_long(easy, CURLINFO_PROXY_SSL_VERIFYRESULT)
            failure.isConnected = ccurl_offset(easy, CURLINFO_CONNECT_TIME_T) > 0
        }
        return failure.error
    }

    private func describeConnection(_ easy: UnsafeMutableRawPointer) {
        var connection = HTTPConnection()
        if let address = ccurl_text(easy, CURLINFO_PRIMARY_IP).map({ String(cString: $0) }) {
            let port = ccurl_long(easy, CURLINFO_PRIMARY_PORT)
            connection.address = address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        }
        connection.proxy = proxy?.shown
        connection.tlsVersion = ccurl_tls_version(easy).map { String(cString: $0) }
        var line = ccurl_certificate(easy)
        while let entry = line?.pointee {
            let text = entry.data.map { String(cString: $0) } ?? ""
            if text.hasPrefix("Issuer:") {
                connection.certificateIssuer = text.dropFirst(7).description.oneLine(limit: 200)
            }
            if text.hasPrefix("Expire date:") {
                connection.certificateEnd = text.dropFirst(12).description.oneLine(limit: 60)
            }
            line = UnsafePointer(entry.next)
        }
        self.connection = connection
    }

    private func response(_ easy: UnsafeMutableRawPointer) -> HTTPResponse {
        let version: HTTPVersion =
            switch ccurl_long(easy, CURLINFO_HTTP_VERSION) {
            case Int(CURL_HTTP_VERSION_1_0): .http1_0
            case Int(CURL_HTTP_VERSION_1_1): .http1_1
            case Int(CURL_HTTP_VERSION_2_0): .http2
            // 30 is CURL_HTTP_VERSION_3. The headers of older libcurl versions do not define it.
            case 30: .http3
            default: .unknown
            }
        let whole = body
        body = []
        // The allowance is set to the memory that the array occupies. If the body's size was not as expected, the array occupies more memory than the
        // body has bytes.
        if allowance != nil { loop?.resizeInBudget(id, to: whole.capacity) }
        var response = HTTPResponse(
            status: ccurl_long(easy, CURLINFO_RESPONSE_CODE), headers: headers, body: whole, version: version,
            allowance: allowance)
        response.connection = connection
        return response
    }

    private func text(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: String) -> Bool {
        ccurl_set_text(easy, option, value) == CURLE_OK
    }

    private func number(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: Int) -> Bool {
        ccurl_set_long(easy, option, value) == CURLE_OK
    }
}
