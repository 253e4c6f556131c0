import Foundation

/// etcd with one member, on free ports of 127.0.0.1. It can be killed and started again with its stored data.
package final class EtcdServer {
    /// Whether etcd is installed.
    package static let isThere = FileManager.default.isExecutableFile(atPath: program)
    private static let program = "/usr/bin/etcd"

    /// The address, such as `http://127.0.0.1:2379`.
    package let endpoint: String
    private let port: UInt16
    private let arguments: [String]
    private let files: FixtureProcess
    private var process: FixtureProcess?

    /// Starts etcd with an empty store.
    ///
    /// - Parameters:
    ///   - certificate: the server's certificate for `localhost`; nil for a server without TLS.
    ///   - clientAuthority: the file of the CA from which clients must have a certificate; nil if clients need no certificate.
    package init(certificate: TestAuthority.Certificate? = nil, clientAuthority: String? = nil) throws {
        files = try FixtureProcess("etcd")
        port = try LoopbackServer.freePort()
        let peer = "http://127.0.0.1:\(try LoopbackServer.freePort())"
        endpoint = certificate == nil ? "http://127.0.0.1:\(port)" : "https://localhost:\(port)"
        let listen = certificate == nil ? endpoint : "https://127.0.0.1:\(port)"
        var arguments = [
            "--data-dir", files.path("data"), "--listen-client-urls", listen, "--advertise-client-urls", listen,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=\(peer)",
            "--log-level", "error",
        ]
        if let certificate { arguments += ["--cert-file", certificate.path, "--key-file", certificate.keyPath] }
        if let clientAuthority { arguments += ["--client-cert-auth", "--trusted-ca-file", clientAuthority] }
        self.arguments = arguments
        try start()
    }

    /// Starts etcd. If `kill` has ended an earlier process, the new one has the data that was stored.
    package func start() throws {
        let process = try FixtureProcess("etcd-run")
        try process.start(Self.program, arguments, log: "log", listeningOn: port, of: "127.0.0.1")
        self.process = process
    }

    /// Kills the server; its stored data is kept.
    package func kill() {
        process?.stop()
        process = nil
    }

    /// Ends the server and removes its stored data.
    package func stop() {
        kill()
        files.stop()
    }
}
