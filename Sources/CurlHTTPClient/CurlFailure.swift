import CCurl

/// Explains why a transfer failed, based on what libcurl reports. The explanation says whether the host, the proxy or the network is the cause, and
/// what to do.
struct CurlFailure {
    let code: CURLcode
    /// libcurl's error message.
    let words: String
    let host: String
    /// The name of the request's URL in messages, such as “the org's URL”.
    var addressName = HTTPRequest.usualAddressName
    /// Host and port of the proxy that the transfer uses; nil if it uses none.
    var proxy: String?
    /// Whether network.proxy_credentials_file supplied a user and password for the proxy.
    var hasProxyCredentials = false
    /// The status with which the proxy answered CONNECT; 0 if there was no answer.
    var connectStatus = 0
    /// The result of verifying the server's certificate, as `X509_V_ERR_…` (openssl-verification-options(1)). 0: the certificate is valid. 1: the
    /// handshake ended before the certificate was verified.
    var verifyResult = 0
    /// The result of verifying the proxy's certificate, in the form of `verifyResult`.
    var proxyVerifyResult = 0
    /// Whether a TCP connection existed, to the host or to the proxy.
    var isConnected = false
    /// Whether the request had been sent.
    var isSent = false

    /// The error that the caller receives.
    var error: TransportError {
        if let proxy, let error = proxyError(proxy) { return error }
        let kind = code == CURLE_OPERATION_TIMEDOUT && !isSent ? .connect : TransportError.Kind(code)
        guard kind == .tls else { return TransportError(kind, host: host, detail: words) }
        let (what, remedy) = tlsProblem(verifyResult, of: addressName, isProxy: false)
        return TransportError(.tls, host: host, detail: "\(what): \(words)", remedy: remedy)
    }

    /// The error to report if the proxy is the cause; nil if it is not the cause.
    private func proxyError(_ proxy: String) -> TransportError? {
        func error(_ what: String, _ remedy: String) -> TransportError {
            TransportError(.proxy, host: host, detail: "\(proxy) \(what)", remedy: remedy)
        }
        switch connectStatus {
        // tinyproxy answers a wrong password with 401 instead of 407.
        case 407 where hasProxyCredentials, 401 where hasProxyCredentials:
            return error(
                "does not accept the user and password: \(connectStatus)",
                "Put the correct user:password into the file that network.proxy_credentials_file names; Tributary reads a changed file immediately"
            )
        case 407:
            return error(
                "asks for a user and password: 407",
                "Put user:password into a file and set network.proxy_credentials_file to its path")
        case 403:
            return error(
                "does not allow connections to the host: 403",
                "Ask the proxy's owner to allow CONNECT to \(host), or add the host to network.no_proxy to connect without the proxy"
            )
        case 500, 502, 503, 504:
            return error(
                "can't reach the host: \(connectStatus)",
                "Check \(addressName), and ask the proxy's owner to check the proxy's Internet connection and DNS")
        case 300...:
            return error(
                "refused the connection: \(connectStatus)", "Check network.proxy and the proxy's own log")
        default: break
        }
        if proxyVerifyResult > 1 {
            let (what, remedy) = tlsProblem(proxyVerifyResult, of: "network.proxy", isProxy: true)
            return error("can't be trusted, \(what): \(words)", remedy)
        }
        let check = "Check network.proxy (or https_proxy in the environment), and check that the proxy is running"
        switch code {
        case CURLE_COULDNT_RESOLVE_PROXY: return error("has a name that can't be resolved", check)
        case CURLE_COULDNT_CONNECT: return error("can't be reached: \(words)", check)
        case CURLE_OPERATION_TIMEDOUT where !isConnected: return error("does not answer: \(words)", check)
        case CURLE_PROXY: return error("could not be used: \(words)", check)
        default: return nil
        }
    }

    /// What is wrong with a certificate or a handshake, and what to do. The codes are those of openssl's `x509_vfy.h`.
    private func tlsProblem(_ verify: Int, of setting: String, isProxy: Bool) -> (what: String, remedy: String) {
        switch verify {
        case 9, 10:
            (
                verify == 9 ? "its certificate is not valid yet" : "its certificate has expired",
                "Check this machine's clock; if the clock is right, the certificate's owner has to renew the certificate"
            )
        case 2, 18...21:
            (
                "its certificate was issued by an authority that this machine does not trust",
                isProxy
                    ? "Put the certificate of the proxy's authority into network.ca_file"
                    : "If a proxy replaces TLS certificates, put the certificate of the proxy's authority into network.ca_file; if this network "
                        + "has a login page, sign in there. No credential was sent"
            )
        case _ where words.contains("subject name"):
            (
                "its certificate is for another name",
                "Check \(setting). If it is right, another server answers instead, because of this network's login page or a wrong DNS entry"
            )
        case _ where words.contains("wrong version number"):
            (
                "the server that answers does not use TLS",
                "Check \(setting) and its port, and check for a proxy or a login page of this network"
            )
        case _ where words.contains("protocol version") || words.contains("unsupported protocol"):
            (
                "it does not offer TLS 1.2 or later",
                "Current servers offer TLS 1.2 and 1.3, so an outdated proxy probably answers instead; ask its owner to update it"
            )
        default:
            ("the TLS handshake failed", "Check \(setting) and this machine's clock, and check for a proxy")
        }
    }
}

extension TransportError.Kind {
    /// The kind of a libcurl error code (libcurl-errors(3)).
    init(_ code: CURLcode) {
        self =
            switch code {
            case CURLE_COULDNT_RESOLVE_HOST: .resolve
            case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_NO_CONNECTION_AVAILABLE: .connect
            case CURLE_PROXY, CURLE_COULDNT_RESOLVE_PROXY: .proxy
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
                CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
                CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_USE_SSL_FAILED:
                .tls
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_FILESIZE_EXCEEDED: .tooLarge
            case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2,
                CURLE_HTTP2_STREAM:
                .interrupted
            case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT: .invalidRequest
            default: .protocol
            }
    }
}
