import CAllocationCount
import Glibc
import OCSF

// Measures only the mapping, in one process and on one thread, with events in memory. Prints tab-separated rows:
//   name, CPU seconds of the fastest round, CPU seconds of the median round, allocations in the last round, bytes written
// Benchmarks/harness/run makes a table of them. Usage: normalizer-benchmark EVENTS.ndjson [ROUNDS [ROW]]
// With ROW, only the row with this name is printed. Benchmarks/gates/run compares allocations and instructions with the committed figures.

/// Only counts the bytes of records, so that only the mapping is measured.
struct CountingSink: RecordSink {
    var bytes = 0
    var rejections = 0

    mutating func record(_ bytes: UnsafeRawBufferPointer, head: RecordHead) { self.bytes += bytes.count }

    mutating func rejected(_ event: UnsafeRawBufferPointer, _ rejection: Rejection, offset: Int) { rejections += 1 }
}

/// An NDJSON file in memory, with the position of each line.
struct Corpus {
    let bytes: UnsafeMutableRawBufferPointer
    let lines: [Range<Int>]

    init?(path: String) {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var status = stat()
        guard fstat(fileno(file), &status) == 0 else { return nil }
        bytes = .allocate(byteCount: Int(status.st_size), alignment: 64)
        guard fread(bytes.baseAddress, 1, bytes.count, file) == bytes.count else { return nil }
        var lines: [Range<Int>] = []
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == 0x0A {
            if index > start { lines.append(start..<index) }
            start = index + 1
        }
        if start < bytes.count { lines.append(start..<bytes.count) }
        self.lines = lines
    }

    subscript(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }
}

func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Runs `round` once without measuring it, to fill caches and buffers, and then `rounds` times. Prints the row of the measured rounds.
func measure(_ name: String, rounds: Int, _ round: () throws -> Int) rethrows {
    guard onlyRow == nil || onlyRow == name else { return }
    _ = try round()
    var seconds: [Double] = []
    seconds.reserveCapacity(rounds)
    var allocations: UInt64 = 0
    var written = 0
    for _ in 0..<rounds {
        let calls = tributary_allocation_count()
        let start = cpuSeconds()
        written = try round()
        seconds.append(cpuSeconds() - start)
        allocations = tributary_allocation_count() - calls
    }
    seconds.sort()
    print("\(name)\t\(seconds[0])\t\(seconds[seconds.count / 2])\t\(allocations)\t\(written)")
}

guard CommandLine.arguments.count > 1, let corpus = Corpus(path: CommandLine.arguments[1]) else {
    print("usage: normalizer-benchmark EVENTS.ndjson [ROUNDS [ROW]]")
    exit(64)
}
let rounds = CommandLine.arguments.count > 2 ? max(1, Int(CommandLine.arguments[2]) ?? 5) : 5
let onlyRow = CommandLine.arguments.count > 3 ? CommandLine.arguments[3] : nil
let source = EventSource(orgHost: "acme.okta.com", logURL: "https://acme.okta.com/api/v1/logs")
let catalog = try EventCatalog.builtIn()
print("corpus\t\(corpus.lines.count)\t\(corpus.bytes.count)")

let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: corpus.bytes.count, alignment: 64)
measure("copy", rounds: rounds) {
    copy.copyMemory(from: UnsafeRawBufferPointer(corpus.bytes))
    return copy.count
}

let reader = try Normalizer(catalog: catalog, settings: NormalizerSettings())
measure("parse", rounds: rounds) {
    var refused = 0
    for line in corpus.lines where reader.rejection(of: corpus[line]) != nil { refused += 1 }
    return refused
}

for (name, settings) in [
    ("normalize, bare", NormalizerSettings(rawData: false, observables: false)),
    ("normalize", NormalizerSettings(rawData: false)),
    ("normalize, raw_data", NormalizerSettings()),
    ("normalize, raw_data, datetime, flatten_unmapped", NormalizerSettings(datetime: true, flattenUnmapped: true)),
    ("normalize, OCSF 1.5.0", NormalizerSettings(rawData: false, schemaVersion: .v1_5_0)),
    ("normalize, OCSF 1.3.0", NormalizerSettings(rawData: false, schemaVersion: .v1_3_0)),
] {
    let normalizer = try Normalizer(catalog: catalog, settings: settings)
    measure(name, rounds: rounds) {
        var sink = CountingSink()
        for line in corpus.lines {
            normalizer.normalizeEvent(
                corpus[line], source: source, offset: line.lowerBound, collectedAt: 1_790_000_000_000, into: &sink)
        }
        return sink.bytes
    }
}
