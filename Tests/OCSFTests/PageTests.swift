import TestSupport
import Testing

@testable import OCSF

@Suite("pages and streams") struct PageTests {
    static let good = "{\"uuid\":\"u\",\"eventType\":\"user.session.start\",\"x\":\"}]{[,\\\"\\\\\"}"

    @Test("each element of a page is an event, whatever its strings contain")
    func whole() throws {
        let sink = try page(" [\r\n\(Self.good) ,\(Self.good),\n\t\(Self.good)\n]\n")
        #expect(sink.records.count == 3)
        #expect(try page("[]").records.isEmpty)
        #expect(try page(" [ ] ").records.isEmpty)
    }

    @Test("if an event of a page is invalid, the other events still become records")
    func neighbours() throws {
        let bad = [
            "{\"a\":1,\"a\":2}", "{\"a\":\"\\ud800\"}", "{\"a\":01}", "{\"a\" 1}", "17", "null", "\"x,]\"", "[1,2]",
            "{\"a\":nul}",
        ]
        let events = bad.flatMap { [Self.good, $0] } + [Self.good]
        let text = "[" + events.joined(separator: ",") + "]"
        let sink = try page(text)
        #expect(sink.records.count == bad.count + 1)
        #expect(sink.rejections.map { String(decoding: $0.event, as: UTF8.self) } == bad)
        for rejection in sink.rejections {
            let bytes = Array(text.utf8)[rejection.offset...].prefix(rejection.event.count)
            #expect(Array(bytes) == rejection.event)
        }
    }

    @Test("a page that ends too early is refused as a whole, and none of its events is passed on")
    func truncated() throws {
        let text = Array("[\(Self.good),{\"uuid\":\"v\"},3]".utf8)
        let normalizer = try makeNormalizer()
        for length in 0..<text.count {
            var sink = Collected()
            #expect(throws: PageError.self, "\(length) bytes") {
                try text[..<length].withUnsafeBytes {
                    try normalizer.normalizePage($0, source: acme, collectedAt: collectedAt, into: &sink)
                }
            }
            #expect(sink.records.isEmpty && sink.rejections.isEmpty)
        }
    }

    @Test(
        "text that is not a single array is refused, and the error has the position",
        arguments: [
            ("{\"errorCode\":\"E0000011\"}", PageError.Problem.notAnArray, 0), ("<html>", .notAnArray, 0),
            ("  ", .truncated, 2),
            ("[{}{}]", .unexpectedByte, 3), ("[{},]", .unexpectedByte, 4), ("[,{}]", .unexpectedByte, 1),
            ("[] []", .trailingBytes, 3),
            ("[{}]x", .trailingBytes, 4),
        ] as [(String, PageError.Problem, Int)])
    func notAnArray(text: String, problem: PageError.Problem, offset: Int) {
        #expect(throws: PageError(problem: problem, offset: offset)) { try page(text) }
    }

    @Test("the end of an event is found, however the event is aligned in memory and whichever blocks it spans")
    func ends() throws {
        let seed = TestSeed.seed(of: "the cutter")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let event =
                "{\"k\":\""
                + (0..<Int.random(in: 0...150, using: &random)).map { _ in
                    ["\\\\", "\\\"", "a", "{", "}", "[", "]", "é", "\\\\\\\"", " "].randomElement(using: &random) ?? ""
                }.joined() + "\",\"n\":[[{}],[{\"a\":{}}]]}"
            let sink = try page(
                "[" + String(repeating: " ", count: Int.random(in: 0...70, using: &random)) + event + "," + event + "]")
            #expect(sink.records.count == 2, "seed \(seed): \(event)")
        }
    }

    static let streams: [(String, Int, Int)] = [
        ("{\"uuid\":\"a\"}\n{\"uuid\":\"b\"}\n", 2, 0),
        ("{\"uuid\":\"a\"}\r\n\r\n{\"uuid\":\"b\"}", 2, 0),
        ("\u{feff}{\"uuid\":\"a\"}\n", 1, 0),
        ("[{\"uuid\":\"a\"},{\"uuid\":\"b\"}]", 2, 0),
        ("[{\"uuid\":\"a\"}]\n[{\"uuid\":\"b\"},{\"uuid\":\"c\"}]\n{\"uuid\":\"d\"}\n", 4, 0),
        ("{\n  \"uuid\": \"a\",\n  \"x\": {}\n}\n{\n\"uuid\":\"b\"}\n", 2, 0),
        ("{\"uuid\":\"a\n{\"uuid\":\"b\"}\nnonsense\n{\"uuid\":\"c\"}\n", 2, 2),
        ("{\"uuid\":\"a\"}\n{\"uuid\":", 1, 1),
        ("{\"uuid\":\"a\"}\n[{\"uuid\":\"b\n{\n{\"uuid\":\"c\"}\n[1\n", 2, 3),
        ("[\n  {\n    \"uuid\": \"a\"\n  },\n  {\"uuid\":\"b\"}\n]\n", 2, 0),
        ("", 0, 0), ("\n\n", 0, 0),
    ]

    @Test("a stream gives the same events whether it is read in one piece or byte by byte", arguments: streams)
    func stream(text: String, records: Int, rejections: Int) throws {
        let bytes = Array(text.utf8)
        for step in [bytes.count + 1, 1, 3, 7] {
            let normalizer = try makeNormalizer()
            var sink = Collected()
            var stream = EventStream()
            var buffer: [UInt8] = []
            var fed = 0
            while true {
                let more = min(step, bytes.count - fed)
                buffer += bytes[fed..<(fed + more)]
                fed += more
                let isLast = fed == bytes.count
                var at = 0
                reading: while true {
                    let next = buffer.withUnsafeBytes { stream.next($0, from: at, isLast: isLast) }
                    switch next {
                    case .event(let range):
                        buffer.withUnsafeBytes {
                            normalizer.normalizeEvent(
                                UnsafeRawBufferPointer(rebasing: $0[range]), source: acme, offset: 0,
                                collectedAt: collectedAt,
                                into: &sink)
                        }
                        at = range.upperBound
                    case .more(let keep):
                        buffer.removeFirst(keep)
                        break reading
                    }
                }
                if isLast { break }
            }
            #expect(sink.records.count == records, "the stream is read in steps of \(step) bytes")
            #expect(sink.rejections.count == rejections, "the stream is read in steps of \(step) bytes")
        }
    }
}

/// With this name, the files of this target can use the generator without importing TestSupport.
typealias SeededGenerator = TestSupport.SeededGenerator
