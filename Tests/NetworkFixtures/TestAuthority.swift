import Foundation

/// A certificate authority for one test, created with openssl.
package final class TestAuthority {
    /// The files with a certificate and its key, in PEM.
    package struct Certificate: Sendable {
        /// The path of the file with the certificate.
        package let path: String
        /// The path of the file with the key.
        package let keyPath: String
    }

    private let files: FixtureProcess

    /// The path of the authority's own certificate.
    package var caFile: String { files.path("ca.pem") }

    /// Creates the authority; `name` is its common name.
    package init(name: String = "Test Authority") throws {
        files = try FixtureProcess("authority")
        try FixtureProcess.run(
            "/usr/bin/openssl",
            ["req", "-x509"] + Self.newKey + [
                "-days", "2", "-subj", "/CN=\(name)", "-keyout", files.path("ca.key"), "-out", caFile,
            ])
    }

    /// Issues a certificate for names (`DNS:localhost`, `IP:127.0.0.1`).
    ///
    /// - Parameter days: the number of days for which the certificate is valid from now; negative for an expired certificate.
    package func certificate(for names: [String], days: Int = 2) throws -> Certificate {
        let name = UUID().uuidString
        let (request, key, path) = (files.path(name + ".csr"), files.path(name + ".key"), files.path(name + ".pem"))
        try FixtureProcess.run(
            "/usr/bin/openssl",
            ["req"] + Self.newKey + [
                "-subj", "/CN=server", "-addext", "subjectAltName=\(names.joined(separator: ","))",
                "-keyout", key, "-out", request,
            ])
        try FixtureProcess.run(
            "/usr/bin/openssl",
            [
                "x509", "-req", "-in", request, "-CA", caFile, "-CAkey", files.path("ca.key"), "-set_serial",
                String(Int.random(in: 1...1_000_000)), "-copy_extensions", "copy", "-days", String(days), "-out", path,
            ])
        return Certificate(path: path, keyPath: key)
    }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
}
