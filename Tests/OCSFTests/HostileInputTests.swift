import Foundation
import NormalizerCheck
import TestSupport
import Testing

@testable import OCSF

/// `TRIBUTARY_MUTATIONS` sets the number of damaged events, `TRIBUTARY_SEED` repeats a run, and `TRIBUTARY_MUTATED` names the file to which
/// the records are written.
@Suite("hostile input") struct HostileInputTests {
    static let count = ProcessInfo.processInfo.environment["TRIBUTARY_MUTATIONS"].flatMap(Int.init) ?? 4_000
    static let seed = TestSeed.seed(of: "hostile input")

    /// The events to damage: one of each catalogued type, unusual events, and recorded events if there are any.
    static let originals = Result {
        var random = SeededGenerator(seed: 7)
        return try
            (NoLossTests.oddShapes + ValidatorTests.sampleEvents()
            + cataloguedTypes().map { try SyntheticEvent.make(type: $0, &random) }).map { Array($0.utf8) }
    }

    @Test("each damaged event becomes a valid record, or is set aside with a reason")
    func outcomes() throws {
        var random = SeededGenerator(seed: Self.seed)
        print("hostile input: seed \(Self.seed), \(Self.count) events")
        let originals = try Self.originals.get()
        let mutator = EventMutator()
        let normalizers = try ValidatorTests.options.map { try makeNormalizer($0) }
        let reader = try makeNormalizer()
        let log = ProcessInfo.processInfo.environment["TRIBUTARY_MUTATED"].flatMap { fopen($0, "wb") }
        defer { log.map { _ = fclose($0) } }
        var check = OutcomeCheck(reader: reader, keepsRecord: true)
        var validated: [SchemaVersion: [String]] = [:]
        for index in 0..<Self.count {
            guard let original = originals.randomElement(using: &random) else { break }
            let event = mutator.mutate(original, &random)
            let choice = index % normalizers.count
            event.withUnsafeBytes { check.event($0, normalizers[choice], acme) }
            if let record = check.lastRecord {
                // Foundation's JSON reader checks the record, too. Huge records are skipped, because that reader is slow.
                let text = String(decoding: record, as: UTF8.self)
                if record.count < 100_000 {
                    do { _ = try JSON(text) } catch {
                        // Foundation has no type for 1e400, which RFC 8259, section 6, allows.
                        #expect("\(error)".contains("not representable"), "seed \(Self.seed), event \(index): \(error)")
                    }
                    let version = ValidatorTests.options[choice].schemaVersion
                    if validated[version, default: []].count < 20_000, shared != nil {
                        validated[version, default: []].append(text)
                    }
                }
                if let log { fwrite(record + [0x0A], 1, record.count + 1, log) }
            }
            try #require(
                check.trouble == nil, "seed \(Self.seed), event \(index): \(String(decoding: event, as: UTF8.self))")
        }
        let aside = check.rejections.sorted { $0.value > $1.value }.map { "\($0.key.rawValue) \($0.value)" }
        let rejected = check.rejections.values.reduce(0, +)
        print("hostile input: \(check.records) records, \(rejected) set aside: \(aside.joined(separator: ", "))")
        #expect(check.records + rejected == Self.count)
        #expect(check.records > Self.count / 10 && rejected > Self.count / 10)
        for (version, records) in validated { try ValidatorTests.validate(records: records, version) }
    }

    @Test("a damaged page is refused as a whole, or each of its elements becomes one record or one rejected event")
    func pages() throws {
        var random = SeededGenerator(seed: Self.seed ^ 1)
        let originals = try Self.originals.get()
        let mutator = EventMutator()
        let normalizer = try makeNormalizer()
        var check = OutcomeCheck(reader: try makeNormalizer())
        for index in 0..<Self.count / 20 {
            let events = (0..<5).map { _ in originals.randomElement(using: &random) ?? [] }
            var page = Array("[".utf8) + events.joined(separator: [UInt8(ascii: ",")]) + Array("]".utf8)
            page = mutator.mutate(page, &random)
            page.withUnsafeBytes { check.page($0, normalizer, acme) }
            try #require(check.trouble == nil, "seed \(Self.seed), page \(index)")
        }
    }

    @Test("in a stream of damaged lines, each line is read as one event and does not change how other lines are read")
    func streams() throws {
        var random = SeededGenerator(seed: Self.seed ^ 2)
        let originals = try Self.originals.get()
        let mutator = EventMutator()
        var lines: [[UInt8]] = []
        for _ in 0..<Self.count / 4 {
            let original = originals.randomElement(using: &random) ?? []
            let line = mutator.mutate(original, &random).filter { $0 != 0x0A && $0 != 0x0D }
            // Skips lines that are not exactly one event: empty lines, arrays of events, and a line with only “{”, with which
            // pretty-printed JSON begins.
            if line.allSatisfy(isSpace) || line.first(where: { !isSpace($0) }) == UInt8(ascii: "[") { continue }
            if line.filter({ !isSpace($0) }) == [UInt8(ascii: "{")] { continue }
            lines.append(line)
        }
        var check = OutcomeCheck(reader: try makeNormalizer())
        let text = lines.joined(separator: [0x0A])
        let events = Array(text).withUnsafeBytes { check.stream($0, step: 65_537) }
        #expect(check.trouble == nil, "seed \(Self.seed)")
        #expect(events.count == lines.count, "seed \(Self.seed)")
    }

    @Test("no byte of a stream is lost, however its brackets, commas and line ends are mixed")
    func brackets() throws {
        var random = SeededGenerator(seed: Self.seed ^ 3)
        let pieces = [
            "[", "]", "{", "}", ",", "\n", "\n", "\r\n", " ", "\"", "\\", "{\"uuid\":\"a\"}", "{\"b\":[{}]}", "[]",
            "[{},{}]", "1",
            "null", "\u{FEFF}", "{\n", "[\n",
        ]
        let reader = try makeNormalizer()
        for _ in 0..<max(1_000, Self.count / 4) {
            let text = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }
            .joined()
            var check = OutcomeCheck(reader: reader)
            _ = Array(text.utf8).withUnsafeBytes { check.stream($0, step: Int.random(in: 1...9, using: &random)) }
            try #require(check.trouble == nil, "seed \(Self.seed): \(text.debugDescription)")
        }
    }
}
