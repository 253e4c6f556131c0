import CurlHTTPClient
import Foundation
import NetworkFixtures
import Synchronization
import Testing

@testable import Delivery

@Suite("Access keys", .timeLimit(.minutes(2)))
struct CredentialTests {
    @Test("an access key is read from a file in JSON or in the format of AWS's tools")
    func files() {
        let ini = AWSCredentials(
            file: "[default]\n# ours\naws_access_key_id = AKIA1\naws_secret_access_key=s/+=\n\naws_session_token = t\n")
        #expect(ini == AWSCredentials(keyID: "AKIA1", secret: "s/+=", sessionToken: "t", expires: nil))
        let json = AWSCredentials(
            file: #"{"Version":1,"AccessKeyId":"AKIA1","SecretAccessKey":"s","Expiration":"1970-01-01T00:00:05Z"}"#)
        #expect(json == AWSCredentials(keyID: "AKIA1", secret: "s", sessionToken: nil, expires: 5000))
        for bad in [
            "", "AKIA1", "aws_access_key_id = a", "aws_access_key_id = a\naws_secret_access_key =",
            "aws_access_key_id=a\naws_secret_access_key=b c", "{}", "{\"AccessKeyId\":\"a\"}",
            "aws_access_key_id=a\naws_secret_access_key=b\n[other]\naws_access_key_id=c\naws_secret_access_key=d",
            #"{"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"soon"}"#,
        ] { #expect(AWSCredentials(file: bad) == nil, "\(bad)") }
    }

    @Test("if an access key is printed, its secret is not shown")
    func secrecy() throws {
        let key = try #require(AWSCredentials(keyID: "AKIAKEY", secret: "hunter2", sessionToken: "t0k", expires: nil))
        for text in ["\(key)", String(reflecting: key), "\(Optional(key) as Any)"] {
            #expect(!text.contains("hunter2") && !text.contains("AKIAKEY") && !text.contains("t0k"))
        }
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }

    private final class Source: AWSCredentialSource {
        let state = Mutex<(fetches: Int, answer: Result<AWSCredentials, AWSCredentialProblem>)>(
            (0, .failure(AWSCredentialProblem("none", remedy: "wait"))))

        func give(_ answer: Result<AWSCredentials, AWSCredentialProblem>) { state.withLock { $0.answer = answer } }
        var fetches: Int { state.withLock { $0.fetches } }

        func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
            let answer = state.withLock {
                $0.fetches += 1
                return $0.answer
            }
            return try answer.get()
        }
    }

    @Test(
        "an access key is renewed five minutes before it expires; if the renewal fails, the key is used until it expires"
    )
    func renewal() async throws {
        let clock = Mutex<Int64>(0)
        let source = Source()
        let keeper = AWSCredentialKeeper(source) { clock.withLock { $0 } }
        let first = try #require(AWSCredentials(keyID: "a", secret: "s", sessionToken: nil, expires: 3_600_000))
        let second = try #require(AWSCredentials(keyID: "b", secret: "s", sessionToken: nil, expires: 7_200_000))
        await #expect(throws: AWSCredentialProblem.self) { try await keeper.current() }
        source.give(.success(first))
        // However many transfers need a key, a source that fails is asked again only after two seconds.
        clock.withLock { $0 = 1_999 }
        for _ in 0..<100 { await #expect(throws: AWSCredentialProblem.self) { try await keeper.current() } }
        #expect(source.fetches == 1)
        clock.withLock { $0 = 2_000 }
        #expect(try await keeper.current() == first)
        clock.withLock { $0 = 3_299_999 }
        #expect(try await keeper.current() == first)
        #expect(source.fetches == 2)
        clock.withLock { $0 = 3_300_000 }
        source.give(.failure(AWSCredentialProblem("down", remedy: "wait")))
        #expect(try await keeper.current() == first)
        while source.fetches < 3 { await Task.yield() }
        source.give(.success(second))
        // However many segments are delivered, the source gets at most one request in ten seconds.
        for _ in 0..<100 { #expect(try await keeper.current() == first) }
        #expect(source.fetches == 3)
        clock.withLock { $0 = 3_310_000 }
        while try await keeper.current() == first { await Task.yield() }
        #expect(try await keeper.current() == second)
        #expect(source.fetches == 4)
        source.give(.failure(AWSCredentialProblem("down", remedy: "wait")))
        clock.withLock { $0 = 7_199_000 }
        #expect(try await keeper.current() == second)
        clock.withLock { $0 = 7_200_001 }
        await #expect(throws: AWSCredentialProblem.self) { try await keeper.current() }
    }

    @Test("if the file of an access key is removed, the key is not used any more")
    func gone() async throws {
        let clock = Mutex<Int64>(0)
        let source = Source()
        let keeper = AWSCredentialKeeper(source) { clock.withLock { $0 } }
        let key = try #require(AWSCredentials(keyID: "a", secret: "s", sessionToken: nil, expires: nil))
        source.give(.success(key))
        #expect(try await keeper.current() == key)
        source.give(.failure(AWSCredentialProblem("no file", remedy: "put it there")))
        clock.withLock { $0 = 9_999 }
        #expect(try await keeper.current() == key)
        clock.withLock { $0 = 10_000 }
        for _ in 0..<2 { await #expect(throws: AWSCredentialProblem.self) { try await keeper.current() } }
    }

    @Test(
        "if the source of access keys hangs, deliveries are not delayed as long as the current key is valid",
        .timeLimit(.minutes(1))
    )
    func hanging() async throws {
        /// Returns one key, and then hangs until it is cancelled.
        final class Hanging: AWSCredentialSource {
            let key: AWSCredentials
            let fetches = Mutex(0)
            let isEnded = Mutex(false)

            init(_ key: AWSCredentials) { self.key = key }

            func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
                let number = fetches.withLock {
                    $0 += 1
                    return $0
                }
                guard number > 1 else { return key }
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
                isEnded.withLock { $0 = true }
                throw AWSCredentialProblem("stopped", remedy: "wait")
            }
        }
        let clock = Mutex<Int64>(0)
        let key = try #require(AWSCredentials(keyID: "a", secret: "s", sessionToken: nil, expires: 3_600_000))
        let source = Hanging(key)
        var keeper: AWSCredentialKeeper? = AWSCredentialKeeper(source) { clock.withLock { $0 } }
        for time in [0, 3_400_000, 3_450_000, 3_569_999] as [Int64] {
            clock.withLock { $0 = time }
            #expect(try await keeper?.current() == key)
        }
        while source.fetches.withLock({ $0 }) < 2 { await Task.yield() }
        #expect(source.fetches.withLock { $0 } == 2)
        // When the keeper is released, it ends the hanging request, so that no process or task is left after the delivery.
        keeper = nil
        while !source.isEnded.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test("if a key is refused, a new key is requested immediately")
    func refused() async throws {
        let source = Source()
        let keeper = AWSCredentialKeeper(source) { 0 }
        let first = try #require(AWSCredentials(keyID: "a", secret: "s", sessionToken: nil, expires: nil))
        let second = try #require(AWSCredentials(keyID: "b", secret: "s", sessionToken: nil, expires: nil))
        source.give(.success(first))
        #expect(try await keeper.current() == first)
        source.give(.success(second))
        #expect(try await keeper.current() == first)
        await keeper.refused(first)
        #expect(try await keeper.current() == second)
    }

    @Test("while the source returns a key that the store has refused, a new key is requested at most every two seconds")
    func refusedAgain() async throws {
        let clock = Mutex<Int64>(0)
        let source = Source()
        let keeper = AWSCredentialKeeper(source) { clock.withLock { $0 } }
        let first = try #require(AWSCredentials(keyID: "a", secret: "s", sessionToken: nil, expires: nil))
        let second = try #require(AWSCredentials(keyID: "b", secret: "s", sessionToken: nil, expires: nil))
        source.give(.success(first))
        for _ in 0..<100 {
            #expect(try await keeper.current() == first)
            await keeper.refused(first)
        }
        #expect(source.fetches == 2)
        source.give(.success(second))
        clock.withLock { $0 = 2_000 }
        #expect(try await keeper.current() == second)
        #expect(source.fetches == 3)
    }

    @Test("if a transfer is stopped while it waits for a key, the next one gets a key at once")
    func stopped() async throws {
        let source = StoppedSource()
        let keeper = AWSCredentialKeeper(source) { 0 }
        let waiting = Task { try await keeper.current() }
        while source.fetches.withLock(\.self) == 0 { await Task.yield() }
        waiting.cancel()
        await #expect(throws: AWSCredentialProblem.self) { try await waiting.value }
        #expect(try await keeper.current().keyID == "a")
        #expect(source.fetches.withLock(\.self) == 2)
    }

    /// A source whose first fetch lasts until it is cancelled.
    private final class StoppedSource: AWSCredentialSource {
        let fetches = Mutex(0)

        func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
            let isFirst = fetches.withLock { fetches in
                fetches += 1
                return fetches == 1
            }
            if isFirst { try? await Task.sleep(for: .seconds(600)) }
            guard !Task.isCancelled,
                let key = AWSCredentials(keyID: "a", secret: "s", sessionToken: nil, expires: nil)
            else { throw AWSCredentialProblem("the fetch was stopped", remedy: "none") }
            return key
        }
    }

    @Test("on an EC2 instance, access keys come from version 2 of the metadata service")
    func instance() async throws {
        let server = try LoopbackServer { head in
            if head.hasPrefix("PUT /latest/api/token ") {
                return head.contains("X-aws-ec2-metadata-token-ttl-seconds: 300\r\n")
                    ? .answer("", "tok") : .text("HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n")
            }
            guard head.contains("X-aws-ec2-metadata-token: tok\r\n") else {
                return .text("HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n")
            }
            if head.hasPrefix("GET /latest/meta-data/iam/security-credentials/ ") { return .answer("", "lake-role\n") }
            return .answer(
                "",
                #"{"Code":"Success","AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t","Expiration":"1970-01-01T01:00:00Z"}"#
            )
        }
        let transport = try CurlTransport()
        let key = try await InstanceCredentials(
            transport: transport, environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url + "/"]
        ).fetch()
        #expect(key == AWSCredentials(keyID: "ASIA1", secret: "s", sessionToken: "t", expires: 3_600_000))
        #expect(server.requests.last?.hasPrefix("GET /latest/meta-data/iam/security-credentials/lake-role ") == true)
        await transport.shutdown()
    }

    @Test(
        "in a container, access keys come from the container's endpoint; the token file is read for each request"
    )
    func container() async throws {
        let server = try LoopbackServer { head in
            head.contains("Authorization: pod-token\r\n")
                ? .answer(
                    "",
                    #"{"AccessKeyId":"ASIA2","SecretAccessKey":"s","Token":"t","Expiration":"1970-01-01T01:00:00.5Z"}"#)
                : .text("HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n")
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)").path
        try Data("pod-token\n".utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let transport = try CurlTransport()
        var environment = [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file,
        ]
        let key = try await ContainerCredentials(transport: transport, environment: environment).fetch()
        #expect(key == AWSCredentials(keyID: "ASIA2", secret: "s", sessionToken: "t", expires: 3_600_500))
        environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = file + "-missing"
        do {
            _ = try await ContainerCredentials(transport: transport, environment: environment).fetch()
            Issue.record("the source returned a key")
        } catch {
            #expect(error.message.contains("No such file"))
        }
        await transport.shutdown()
    }

    @Test("for a web identity, access keys come from STS, and no message contains the token")
    func webIdentity() async throws {
        let isRefusing = Mutex(false)
        let server = try LoopbackServer { _ in
            isRefusing.withLock { $0 }
                ? .text(
                    "HTTP/1.1 400 X\r\nContent-Length: 60\r\n\r\n<ErrorResponse><Error><Code>ExpiredTokenExceptio</Code></E/>"
                )
                : .answer(
                    "",
                    "<A><B><Credentials><AccessKeyId>ASIA3</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>1970-01-01T01:00:00Z</Expiration></Credentials></B></A>"
                )
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)").path
        try Data("web.token\n".utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let transport = try CurlTransport()
        let source = WebIdentityCredentials(
            transport: transport,
            environment: [
                "AWS_ROLE_ARN": "arn:aws:iam::1:role/lake", "AWS_WEB_IDENTITY_TOKEN_FILE": file,
                "AWS_ENDPOINT_URL_STS": server.url,
            ], region: "eu-central-1")
        #expect(
            try await source.fetch()
                == AWSCredentials(keyID: "ASIA3", secret: "s", sessionToken: "t", expires: 3_600_000))
        isRefusing.withLock { $0 = true }
        do {
            _ = try await source.fetch()
            Issue.record("the source returned a key")
        } catch {
            #expect(error.message.contains("400"))
            #expect(!error.description.contains("web.token"))
        }
        await transport.shutdown()
    }

    @Test(
        "an access key can be the JSON output of a command; if the command fails, the message does not contain its output"
    )
    func process() async throws {
        let good = ProcessCredentials(command: [
            "/bin/sh", "-c", #"echo '{"Version":1,"AccessKeyId":"AKIA4","SecretAccessKey":"s"}'"#,
        ])
        #expect(try await good.fetch() == AWSCredentials(keyID: "AKIA4", secret: "s", sessionToken: nil, expires: nil))
        for (script, words) in [
            ("echo hunter2 >&2; exit 3", "ended with status 3"), ("echo hunter2", "printed no access key"),
            ("kill -9 $$", "signal 9"),
        ] {
            do {
                _ = try await ProcessCredentials(command: ["/bin/sh", "-c", script]).fetch()
                Issue.record("the source returned a key")
            } catch {
                #expect(error.message.contains(words))
                #expect(!error.description.contains("hunter2"))
            }
        }
    }
}
