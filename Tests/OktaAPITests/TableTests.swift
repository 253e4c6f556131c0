import CurlHTTPClient
import Foundation
import Testing

@testable import OktaAPI

@Suite("Reading texts from Okta and from operators")
struct TableTests {
    @Test(
        "an org's address is accepted in all forms that people usually copy",
        arguments: [
            ("acme.okta.com", "https://acme.okta.com"), ("  HTTPS://Acme.OKTA.com/ \n", "https://acme.okta.com"),
            ("https://acme-admin.okta.com/admin/dashboard", "https://acme.okta.com"),
            ("acme-admin.oktapreview.com", "https://acme.oktapreview.com"),
            ("https://login-admin.example.com", "https://login-admin.example.com"),
            ("https://acme.okta.com:443/api/v1/logs?x=1#y", "https://acme.okta.com"),
            ("https://acme.okta.com:8443", "https://acme.okta.com:8443"),
            ("https://https://acme.okta.com", "https://acme.okta.com"),
            ("https://https//acme.okta.com", "https://acme.okta.com"),
            ("http://https://acme.okta.com", "https://acme.okta.com"),
            ("https:/acme.okta.com", "https://acme.okta.com"),
            ("acme.okta.com.", "https://acme.okta.com"), ("somethingecom.com", "https://somethingecom.com"),
            ("acme.okta.com/login?next=https://x.y", "https://acme.okta.com"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"), ("http://localhost:80", "http://localhost"),
            ("http://[::1]:9000", "http://[::1]:9000"), ("http://127.9.8.7", "http://127.9.8.7"),
            ("localhost:8080", "https://localhost:8080"),
        ])
    func orgURL(text: String, origin: String) throws {
        #expect(try OrgURL(parsing: text).origin == origin)
    }

    @Test(
        "if an address can't be that of an org, the error says what to write instead",
        arguments: [
            ("", "https://"), ("  ", "https://"), ("https://", "https://"), ("https://{yourOktaDomain}", "placeholder"),
            ("https://${org}.okta.com", "placeholder"), ("https://yourOktaDomain.okta.com", "placeholder"),
            ("acme", "acme.okta.com"), ("https://acme.okta.com.com", "write https://acme.okta.com"),
            ("http://acme.okta.com", "write https://acme.okta.com"), ("http://10.0.0.1", "https://"),
            ("http://127.0.0.1.evil.com", "https://"), ("http://localhost.evil.com", "https://"),
            ("https://user:hunter2@acme.okta.com", "user name"), ("https://a_b.okta.com", "host name"),
            ("https://bücher.example", "xn--"), ("https://acme.okta.com:0", "host name"),
            ("https://acme.okta.com:99999", "host name"),
            ("https://-acme.okta.com", "host name"), ("https://1.2.3", "host name"),
            ("https://ac me.okta.com", "white space"),
            ("ftp://acme.okta.com", "https://"), ("https://okta.com", "own site"), ("https://www.okta.com", "own site"),
            ("https://[::zz]", "host name"), ("https://0x7f.1", "host name"), ("http://127.1", "host name"),
        ])
    func orgURLRefused(text: String, words: String) {
        let error = #expect(throws: OrgURLError.self) { try OrgURL(parsing: text) }
        #expect(error?.description.contains(words) == true)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test("if an address is corrected, each correction is reported as a warning")
    func orgURLWarnings() throws {
        let org = try OrgURL(parsing: "https://https://acme-admin.okta.com/admin")
        #expect(
            Set(org.warnings) == [
                .schemeRepeated, .pathDropped, .adminHost(was: "acme-admin.okta.com", now: "acme.okta.com"),
            ])
        #expect(try OrgURL(parsing: "acme.okta.com/").warnings.isEmpty)
    }

    @Test(
        "a token is accepted with or without the scheme SSWS",
        arguments: ["00abc-_9", " SSWS 00abc-_9\n", "ssws\t00abc-_9", "\u{feff}00abc-_9".trimmedMark])
    func token(text: String) throws {
        var request = HTTPRequest(.get, "https://acme.okta.com")
        let token = try APIToken(parsing: text)
        token.authorize(&request)
        #expect(request.headers.values("authorization") == ["SSWS 00abc-_9"])
        var dumped = ""
        dump(token, to: &dumped)
        #expect(!"\(token) \(String(reflecting: token)) \(dumped)".contains("00abc"))
    }

    @Test(
        "a text that is not a token is refused, and the error does not show it",
        arguments: [
            "", " \n", "SSWS ", "00se cret", "00se\r\ncret", "00se\u{0}cret", "00sécret", "\"00secret\"",
            "00se@example.com", "'00secret'",
        ])
    func tokenRefused(text: String) {
        let error = #expect(throws: CredentialError.self) { try APIToken(parsing: text) }
        #expect(error?.description.contains("00se") == false)
    }

    @Test("if a token file is replaced, it is read again at the next request")
    func tokenFile() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appendingPathComponent("token")
        let credential = APITokenFile(path: file.path)
        func sent() throws -> String? {
            var request = HTTPRequest(.get, "https://acme.okta.com")
            try credential.authorize(&request)
            return request.headers.first("Authorization")
        }
        #expect(throws: CredentialError.self) { try credential.check() }
        for value in ["first", "other", "SSWS third\n"] {
            try Data(value.utf8).write(to: file, options: .atomic)
            #expect(
                try sent()
                    == "SSWS \(value.replacing("SSWS ", with: "").trimmingCharacters(in: .whitespacesAndNewlines))")
        }
        let before = credential.version
        try Data("".utf8).write(to: file, options: .atomic)
        #expect(credential.version != before)
        #expect(throws: CredentialError.empty(place: file.path)) { try credential.check() }
    }

    @Test(
        "the code and the text of an error are read from the body of the answer",
        arguments: [
            (
                "{\"errorCode\":\"E0000011\",\"errorSummary\":\"Invalid token provided\",\"errorCauses\":[]}",
                "E0000011: Invalid token provided"
            ),
            ("{\"errorCode\":\"E0000001\",\"errorCauses\":[{\"errorSummary\":\"a\"},\"b\",3,null]}", "E0000001 [a; b]"),
            ("{\"error\":\"invalid_client\",\"error_description\":\"no\"}", "invalid_client: no"),
            ("{\"errorCode\":17,\"errorSummary\":\"x\\u000d\\u000ay\"}", "x  y"),
            (" <html>", "the answer is a web page, not Okta's JSON"), ("", nil), ("{", nil), ("[]", nil), ("{}", nil),
        ] as [(String, String?)])
    func errorBody(body: String, text: String?) {
        #expect(OktaError(body: Array(body.utf8)).text == text)
    }

    @Test(
        "an HTTP date is read correctly",
        arguments: [
            ("Thu, 25 Dec 2025 18:54:54 GMT", "2025-12-25T18:54:54.000Z"),
            ("Thu, 29 Feb 2024 00:00:00 GMT", "2024-02-29T00:00:00.000Z"),
            ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z"),
            ("Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59.000Z"),
        ])
    func times(http: String, rfc: String) {
        #expect(UTCTime(httpDate: http)?.rfc3339 == rfc)
    }

    @Test("the document in which an org describes itself can be read; a web page is refused")
    func probe() throws {
        let body =
            #"{"id":"00o1","pipeline":"idx","_links":{"organization":{"href":"https://acme.okta.com"},"alternate":{"href":"https://login.acme.com"}}}"#
        let probe = try #require(OrgProbe(HTTPResponse(status: 200, body: Array(body.utf8))))
        #expect(probe.organizationID == "00o1")
        #expect(probe.pipeline == .identityEngine)
        #expect(probe.alternate?.origin == "https://login.acme.com")
        #expect(
            OrgProbe(HTTPResponse(status: 200, body: Array("{\"id\":\"00o1\",\"_links\":7}".utf8)))?.pipeline == nil)
        for body in ["", "<html>", "[]", "{\"id\":3}"] {
            #expect(OrgProbe(HTTPResponse(status: 200, body: Array(body.utf8))) == nil)
        }
    }
}

extension String {
    fileprivate var trimmedMark: String { replacing("\u{feff}", with: "") }
}
