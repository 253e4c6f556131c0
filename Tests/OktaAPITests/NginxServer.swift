import Foundation
import Glibc

/// nginx with TLS and HTTP/2 on a free port, with a certificate for `localhost` that it signed itself.
final class NginxServer {
    static let isThere =
        FileManager.default.isExecutableFile(atPath: "/usr/sbin/nginx")
        && FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    let url: String
    let caFile: String
    private let directory: URL
    private let nginx: Process

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tributary-nginx-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let path = directory.path
        caFile = path + "/cert.pem"
        try Self.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", path + "/key.pem", "-out",
                caFile,
            ])
        // The port may be taken by another between finding and using it; then nginx says so and the test fails loudly.
        let port = try LoopbackServer.freePort()
        url = "https://localhost:\(port)/"
        try Data(
            """
            pid \(path)/pid; error_log \(path)/error.log; daemon off; master_process off;
            events { worker_connections 64; }
            http {
                access_log off;
                client_body_temp_path \(path)/body; proxy_temp_path \(path)/proxy; fastcgi_temp_path \(path)/fastcgi;
                uwsgi_temp_path \(path)/uwsgi; scgi_temp_path \(path)/scgi;
                server {
                    listen 127.0.0.1:\(port) ssl http2;
                    ssl_certificate \(caFile); ssl_certificate_key \(path)/key.pem;
                    location / { default_type application/json; return 200 "[]"; }
                }
            }
            """.utf8
        ).write(to: directory.appendingPathComponent("nginx.conf"))
        // In the foreground: a daemon would keep the pipe open by which Process learns of the end.
        nginx = try Self.started(
            "/usr/sbin/nginx", ["-p", path, "-e", path + "/error.log", "-c", path + "/nginx.conf"])
        while !LoopbackServer.isListening(port) {
            guard nginx.isRunning else { throw CocoaError(.executableLoad) }
            usleep(5000)
        }
    }

    /// Ends the server that was started here.
    func stop() {
        // Not SIGTERM: the child has the blocked signals of the thread that started it.
        kill(nginx.processIdentifier, SIGKILL)
        nginx.waitUntilExit()
        try? FileManager.default.removeItem(at: directory)
    }

    private static func started(_ program: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private static func run(_ program: String, _ arguments: [String]) throws {
        let process = try started(program, arguments)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    }
}
