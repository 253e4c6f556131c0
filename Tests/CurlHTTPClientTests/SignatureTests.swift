import Foundation
import NetworkFixtures
import Testing

@testable import CurlHTTPClient

/// The examples and their signatures come from Amazon:
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
@Suite("Signed requests", .timeLimit(.minutes(2)))
struct SignatureTests {
    private static let emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    struct Example: Sendable, CustomTestStringConvertible {
        var name: String
        var method = HTTPMethod.get
        var target: String
        var headers: [(String, String)] = []
        var sha256 = emptySHA256
        var body = ""
        var signature: String

        var testDescription: String { name }
    }

    static let examples = [
        Example(
            name: "GET an object", target: "/test.txt", headers: [("Range", "bytes=0-9")],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Example(
            name: "PUT an object", method: .put, target: "/test%24file.text",
            headers: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            sha256: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", body: "Welcome to Amazon S3.",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        Example(
            name: "list objects", target: "/?max-keys=2&prefix=J",
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]

    @Test("for Amazon's example requests, the signatures are those that Amazon has published", arguments: examples)
    func knownAnswers(_ example: Example) async throws {
        let server = try LoopbackServer { _ in .answer("", "") }
        let transport = try CurlTransport()
        var request = HTTPRequest(example.method, server.url + example.target)
        request.headers.append("Host", "examplebucket.s3.amazonaws.com")
        for (name, value) in example.headers { request.headers.append(name, value) }
        request.headers.append("x-amz-content-sha256", example.sha256)
        request.headers.append("X-Amz-Date", "20130524T000000Z")
        if !example.body.isEmpty {
            let file = FileManager.default.temporaryDirectory.appending(path: "upload-\(UUID().uuidString)").path
            try Data(example.body.utf8).write(to: URL(fileURLWithPath: file))
            defer { try? FileManager.default.removeItem(atPath: file) }
            request.upload = try HTTPUpload(path: file)
        }
        request.signature = RequestSignature(
            region: "us-east-1", service: "s3", keyID: "AKIAIOSFODNN7EXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        _ = try await transport.send(request)
        let sent = try #require(server.requests.first)
        #expect(sent.contains("Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"))
        #expect(sent.contains("Signature=\(example.signature)"), "\(sent)")
        await transport.shutdown()
    }

    @Test("a signed request sends a file unchanged, and the signature covers no header that a proxy may change")
    func upload() async throws {
        let server = try LoopbackServer { _ in .answer("ETag: \"x\"", "") }
        let transport = try CurlTransport()
        let file = FileManager.default.temporaryDirectory.appending(path: "upload-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data(repeating: 7, count: 300_000).write(to: URL(fileURLWithPath: file))
        for _ in 0..<2 {
            var request = HTTPRequest(.put, server.url + "/b/integration%3Dacme/x.ndjson.zst")
            request.headers.append("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
            request.upload = try HTTPUpload(path: file)
            request.signature = RequestSignature(region: "eu-central-1", service: "s3", keyID: "k", secret: "s")
            #expect(try await transport.send(request).status == 200)
        }
        #expect(server.connections == 1)
        let sent = try #require(server.requests.last)
        #expect(sent.hasPrefix("PUT /b/integration%3Dacme/x.ndjson.zst HTTP/1.1\r\n"))
        #expect(sent.contains("Content-Length: 300000\r\n"))
        #expect(sent.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date,"))
        #expect(!sent.contains("Accept-Encoding") && !sent.contains("Content-Type"))
        await transport.shutdown()
    }

    @Test("the description of a signature contains neither the key nor the key's id")
    func secrecy() {
        let signature = RequestSignature(region: "r", service: "s3", keyID: "AKIAKEY", secret: "hunter2")
        #expect(!"\(signature) \(String(reflecting: signature))".contains("hunter2"))
        #expect(!"\(signature) \(String(reflecting: signature))".contains("AKIAKEY"))
    }

    @Test("if a file has become shorter since its request was created, nothing is sent")
    func truncated() async throws {
        let server = try LoopbackServer { _ in .answer("", "") }
        let transport = try CurlTransport()
        let file = FileManager.default.temporaryDirectory.appending(path: "upload-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data(repeating: 7, count: 300_000).write(to: URL(fileURLWithPath: file))
        var request = HTTPRequest(.put, server.url)
        request.upload = try HTTPUpload(path: file)
        try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: file + ".new"))
        #expect(truncate(file, 100_000) == 0)
        do {
            _ = try await transport.send(request)
            Issue.record("the file was sent")
        } catch {
            #expect(error.kind == .invalidRequest)
            #expect(error.detail.contains("can't be read to its end"))
        }
        #expect(server.requests.isEmpty)
        try? FileManager.default.removeItem(atPath: file + ".new")
        await transport.shutdown()
    }

    @Test("by default, a request with plain http to a link-local address is refused")
    func linkLocal() async throws {
        #expect(HTTPURL("http://169.254.169.254/latest")?.isLinkLocal == true)
        #expect(HTTPURL("http://[fd00:ec2::254]/latest")?.isLinkLocal == true)
        #expect(HTTPURL("http://169.254.169.254.example.com/")?.isLinkLocal == false)
        #expect(HTTPURL("http://10.0.0.1/")?.isLinkLocal == false)
        let transport = try CurlTransport()
        do {
            _ = try await transport.send(HTTPRequest(.get, "http://169.254.169.254/latest"))
            Issue.record("the request was sent")
        } catch {
            #expect(error.kind == .invalidRequest)
        }
        await transport.shutdown()
    }
}
