import Glibc
import Spool

// Measures only the spool, without Okta and mapping. Prints tab-separated rows; Benchmarks/harness/run makes tables of them. The
// caller makes DIRECTORY.
//
//   spool-benchmark throughput DIRECTORY RECORDS.ndjson INTEGRATIONS RECORDS_IN_COMMIT COMMITS THREADS
//       commits, seconds, journal bytes, bytes of lines, bytes of segments, bytes written, seconds of the plain loop
//   spool-benchmark make DIRECTORY SEGMENTS BYTES
//   spool-benchmark open DIRECTORY
//       for each step: name, seconds, bytes read, bytes written, operations
//   spool-benchmark identities DIRECTORY COUNT
//       nanoseconds to find a known identity, to find that an identity is unknown, and to remember an identity

func usage() -> Never {
    print("usage: spool-benchmark throughput|make|open|identities …, see main.swift")
    exit(64)
}

let arguments = Array(CommandLine.arguments.dropFirst())
func number(_ index: Int) -> Int {
    guard arguments.indices.contains(index), let value = Int(arguments[index]), value > 0 else { usage() }
    return value
}

switch arguments.first {
case "throughput" where arguments.count == 7:
    guard let records = Workload.records(arguments[2]), records.count >= number(4) else { usage() }
    let run = Throughput(
        directory: arguments[1], records: records, recordsInCommit: number(4), commits: number(5),
        integrations: number(3), threads: number(6))
    let result = try await run.run()
    let floor = try Throughput.floor(
        arguments[1], appends: result.commits, bytes: Int(result.journalBytes) / max(1, result.commits))
    print(
        [
            "\(result.commits)", "\(result.seconds)", "\(result.journalBytes)", "\(result.lineBytes)",
            "\(result.sealedBytes)", "\(result.writtenBytes)", "\(floor)",
        ].joined(separator: "\t"))
case "make" where arguments.count == 4:
    try RecoveryRun(directory: arguments[1]).make(segments: number(2), bytes: Int64(number(3)))
case "open" where arguments.count == 2:
    for phase in try RecoveryRun(directory: arguments[1]).open() {
        let operations = phase.counts.operations.filter { $0.value > 0 }.sorted { $0.value > $1.value }
            .map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
        print("\(phase.name)\t\(phase.seconds)\t\(phase.counts.bytesRead)\t\(phase.counts.bytesWritten)\t\(operations)")
    }
case "identities" where arguments.count == 3:
    try IdentityRun(directory: arguments[1], count: number(2)).run()
default: usage()
}
