import Foundation

/// The forward proxy tinyproxy on a free port of 127.0.0.1.
package final class TinyProxy {
    /// Whether tinyproxy is installed.
    package static let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/tinyproxy")

    /// The port on which the proxy listens.
    package let port: UInt16
    private let process: FixtureProcess

    /// Starts the proxy.
    ///
    /// - Parameters:
    ///   - credentials: the user and the password that the proxy requires. Both have only letters and digits. Nil if the proxy requires none.
    ///   - ports: the ports to which the proxy allows CONNECT.
    package init(port: UInt16? = nil, credentials: (user: String, password: String)? = nil, ports: [UInt16]) throws {
        process = try FixtureProcess("tinyproxy")
        self.port = try port ?? LoopbackServer.freePort()
        var lines = ["Port \(self.port)", "Listen 127.0.0.1", "Timeout 30", "MaxClients 50", "LogLevel Connect"]
        if let credentials { lines.append("BasicAuth \(credentials.user) \(credentials.password)") }
        lines += ports.map { "ConnectPort \($0)" }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: process.directory.appending(path: "conf"))
        try process.start(
            "/usr/bin/tinyproxy", ["-d", "-c", process.path("conf")], log: "log", listeningOn: self.port,
            of: "127.0.0.1")
    }

    /// The hosts and ports for which a client has requested a tunnel, whether the proxy has allowed it or not.
    package var tunnels: [String] {
        process.text("log").split(separator: "\n").compactMap { line in
            line.firstMatch(of: /CONNECT (\S+) HTTP/).map { String($0.1) }
        }
    }

    /// Ends the proxy.
    package func stop() { process.stop() }
}
