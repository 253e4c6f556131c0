import Foundation

/// nginx with TLS, HTTP/2 and compression on a free port. It answers each request with `[]`, or passes requests on to another server.
package final class NginxServer {
    /// Whether nginx and openssl are installed.
    package static let isThere =
        FileManager.default.isExecutableFile(atPath: "/usr/sbin/nginx")
        && FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    /// The port on which nginx listens.
    package let port: UInt16
    private let process: FixtureProcess

    /// Starts nginx.
    ///
    /// - Parameters:
    ///   - address: the IPv4 address of this machine on which nginx listens.
    ///   - protocols: the value of nginx's `ssl_protocols`.
    ///   - upstream: the URL (`http://…`) to which requests are passed on; nil to answer each request with `[]`.
    ///   - clientAuthority: the file of the CA from which clients must have a certificate; nil if clients need no certificate.
    package init(
        _ certificate: TestAuthority.Certificate, address: String = "127.0.0.1", protocols: String = "TLSv1.2 TLSv1.3",
        port: UInt16? = nil, upstream: String? = nil, clientAuthority: String? = nil
    ) throws {
        process = try FixtureProcess("nginx")
        let path = process.directory.path
        // Another program may take the free port before nginx does. Then nginx ends, and the test fails.
        self.port = try port ?? LoopbackServer.freePort()
        let content =
            upstream.map { upstream in
                """
                proxy_pass \(upstream); proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Accept-Encoding "";
                """
            } ?? "default_type application/json; return 200 \"[]\";"
        try Data(
            """
            pid \(path)/pid; error_log \(path)/error.log info; daemon off; master_process off;
            events { worker_connections 64; }
            http {
                log_format all '$ssl_protocol $server_protocol $status $sent_http_content_encoding $request_uri';
                access_log \(path)/access.log all;
                client_body_temp_path \(path)/body; proxy_temp_path \(path)/proxy; fastcgi_temp_path \(path)/fastcgi;
                uwsgi_temp_path \(path)/uwsgi; scgi_temp_path \(path)/scgi;
                gzip on; gzip_types application/json; gzip_proxied any;
                server {
                    listen \(address):\(self.port) ssl http2;
                    ssl_certificate \(certificate.path); ssl_certificate_key \(certificate.keyPath);
                    \(clientAuthority.map { "ssl_client_certificate \($0); ssl_verify_client on;" } ?? "")
                    ssl_protocols \(protocols); ssl_ciphers DEFAULT:@SECLEVEL=0;
                    location / { \(content) }
                }
            }
            """.utf8
        ).write(to: process.directory.appending(path: "nginx.conf"))
        try process.start(
            "/usr/sbin/nginx", ["-p", path, "-e", path + "/error.log", "-c", path + "/nginx.conf"],
            listeningOn: self.port, of: address)
    }

    /// A line for each request, with its TLS version, HTTP version, status, encoding and target.
    package var requests: [String] { process.text("access.log").split(separator: "\n").map(String.init) }

    /// The text of nginx's log, which also mentions connections without a request.
    package var errors: String { process.text("error.log") }

    /// Ends nginx.
    package func stop() { process.stop() }
}
