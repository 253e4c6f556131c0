import Foundation
import TestSupport
import Testing

@testable import OCSF

@Suite("the forms in which Okta prints maps and lists") struct OktaTextTests {
    @Test(
        "a map is read in each form that Okta prints",
        arguments: [
            ("{level=LOW}", ["level": "LOW"]), ("Risk{level=LOW}", ["level": "LOW"]), ("level=LOW", ["level": "LOW"]),
            (" { level = LOW , name = x } ", ["level": "LOW", "name": "x"]),
            (
                "{reasons=Anomalous Location, Anomalous Device, level=HIGH}",
                [
                    "reasons": "Anomalous Location, Anomalous Device", "level": "HIGH",
                ]
            ),
            ("{a=[1, 2], b={c=d, e=f}}", ["a": "[1, 2]", "b": "{c=d, e=f}"]),
            (
                "{Anomalous Location: Country=NEGATIVE, New IP=POSITIVE}",
                [
                    "Anomalous Location: Country": "NEGATIVE", "New IP": "POSITIVE",
                ]
            ),
            (
                #"{\"a\":\"b\",\"c\":{\"d\":1},\"e\":[1,2],\"f\":true}"#,
                [
                    "a": "b", "c": #"{\"d\":1}"#, "e": "[1,2]", "f": "true",
                ]
            ),
            (#" {\n  \"a\" : \"b, }\" ,\n \"c\" : \"d\" }"#, ["a": "b, }", "c": "d"]),
            (#"{\"a\":\"x\\\"y\",\"b\":\"\\u00e9\"}"#, ["a": #"x\\\"y"#, "b": #"\\u00e9"#]),
            (#"{\u00e9=1, b=2}"#, [#"\u00e9"#: "1", "b": "2"]),
            // From a text that is cut off or malformed, the readable members are returned.
            ("", [:]), ("{}", [:]), ("{", [:]), ("no map", [:]), ("{=x}", [:]), ("{a=", ["a": ""]),
            ("{a=1, level=(HIGH, b=2", ["a": "1", "level": "(HIGH", "b": "2"]), ("{a={b, c=1", ["a": "{b, c=1"]),
            (#"{\"a\":\"b"#, ["a": "b"]), (#"{\"a\""#, [:]), (#"{\"a\":"#, ["a": ""]),
            (#"{\"a\":\"b\" \"c\":1}"#, ["a": "b"]),
            (#"{a=\"#, ["a": #"\"#]),
        ] as [(String, [String: String])])
    func maps(text: String, members: [String: String]) throws {
        try withText(text) { text in
            var found: [String: String] = [:]
            OktaText(text).forEachMember(isName: { _ in true }) { found[$0.string] = $1.string }
            #expect(found == members)
        }
    }

    @Test("a value may contain commas and equals signs if the names of the members are known")
    func reasons() throws {
        try withText("{reasons=Score a=0.9, b, c=d, level=HIGH}") { text in
            var found: [String: String] = [:]
            OktaText(text).forEachMember(isName: RiskReport.isName) { found[$0.string] = $1.string }
            #expect(found == ["reasons": "Score a=0.9, b, c=d", "level": "HIGH"])
        }
    }

    @Test(
        "a list is read in each form that Okta prints",
        arguments: [
            ("[a, b]", ["a", "b"]), ("a, b", ["a", "b"]), ("a", ["a"]), ("[]", []), ("", []), ("[a", ["a"]),
            (
                "[{reasons=x, y, level=HIGH, name=n}, {level=LOW}]",
                ["{reasons=x, y, level=HIGH, name=n}", "{level=LOW}"]
            ),
            (#"[\"a, b\",\"c\"]"#, ["a, b", "c"]), (#"[{\"a\":\"]\"},1]"#, [#"{\"a\":\"]\"}"#, "1"]),
        ] as [(String, [String])])
    func lists(text: String, elements: [String]) throws {
        try withText(text) { text in
            var found: [String] = []
            OktaText(text).forEachElement { found.append($0.string) }
            #expect(found == elements)
        }
    }

    @Test("a text with a million open brackets or quotes is read in linear time")
    func hostile() throws {
        for part in ["{", "[", "(", "=", ",", #"\""#, #"\\"#, "{a=[", #"{\"a\":"#] {
            let text = "{" + String(repeating: part, count: 1 << 20)
            let event = oktaEvent(
                "user.session.start", debug: #"{"risk":"\#(text)","behaviors":"\#(text)","tunnels":"\#(text)"}"#)
            // Reading the text once takes less than a second. Reading it again for each bracket would take hours.
            let time = try processorTime { _ = try normalize(Array(event.utf8)) }
            #expect(time < .seconds(60), "\(part)")
        }
    }

    @Test(
        "a value from a map or list that Okta prints as text is escaped correctly in the record",
        arguments: [
            #"{\\\"a\\\":\\\"b\\\"}"#, #"{a=\\"#, #"{\"a\":\"\\\\\"}"#, #"{\"a\\\":1}"#,
            #"{\ud83d\ude00=\ud83d\ude00}"#,
            #"[{\"operator\":\"\\u0041\",\"type\":\"\\\"\"}]"#, #"{\u007bx=\u0022}"#, #"{a=b\n, c=d\t}"#,
        ])
    func slices(text: String) throws {
        let event = oktaEvent(
            "user.session.start",
            debug:
                #"{"risk":"\#(text)","behaviors":"\#(text)","logOnlySecurityData":"\#(text)","tunnels":"\#(text)","threatDetections":"\#(text)","partnerRisk":"[\#(text)]"}"#
        )
        _ = try record(event)
    }
}
