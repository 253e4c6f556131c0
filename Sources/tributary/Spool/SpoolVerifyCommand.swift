import ArgumentParser
import Collector
import CommandHints
import Delivery
import Fleet
import FoundationEssentials
import Glibc
import OCSF
import Spool

struct SpoolVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify that the spool is intact: sizes, checksums, counts, and no duplicate events.",
        discussion: """
            Reads every segment, and shows the progress on a terminal. Exits with 0 if everything is intact, and with 65 if not. Segments that a \
            loader deleted are not an error, but gaps in the manifest's positions are. The daemon may run meanwhile: if \
            segments are just being sealed, the command waits up to 4.5 seconds for their lines in the manifest. The search for duplicate events takes \
            at most 128 MiB of memory, so a spool of more than \(VerifyOptions.defaultFingerprintLimit) records is read several times.

            With --bucket, the command verifies a fleet's bucket. It also checks that each seal is valid, that no seal is missing, and that each \
            object belongs to a seal. An integration with more records than the number above is read several times. A missing segment is an error if \
            older segments of its class exist, because lifecycle rules delete the oldest segments first.

            Example:
              tributary spool verify --json
              tributary spool verify --bucket
            """)

    @OptionGroup var options: SpoolOptions
    @OptionGroup var bucket: BucketOptions

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        var verify = VerifyOptions()
        verify.uid = { record in recordUID(of: record).map(fingerprint) }
        verify.time = recordTime
        if bucket.isOn {
            let options = verify
            return try await bucket.reading(self.options) { list in
                var bar = ProgressBar(descriptor: STDERR_FILENO)
                let result = try await FleetVerifier.verify(list, options) {
                    bar.show(done: $0.bytes, of: $0.totalBytes)
                }
                bar.clear()
                try tell(result)
            }
        }
        try options.refuseFleet(instead: SpoolOptions.useBucket)
        verify.pause = { usleep(500_000) }
        let reader = try options.reader()
        let result: VerifyResult
        do throws(SpoolError) {
            var bar = ProgressBar(descriptor: STDERR_FILENO)
            result = try reader.verify(verify) { bar.show(done: $0.bytes, of: $0.totalBytes) }
            bar.clear()
        } catch {
            throw SpoolOptions.failed(error)
        }
        try tell(result)
    }

    private func tell(_ result: VerifyResult) throws {
        if json {
            print(try Self.json(result))
        } else {
            for problem in result.problems {
                print("\(Terminal.output.red("✘")) \(problem.path): \(problem.detail). \(problem.advice)")
            }
            let mark = result.isGood ? Terminal.output.green("✔") : Terminal.output.red("✘")
            let gone = result.gone > 0 ? ", \(result.gone, "segment", "segments") already deleted" : ""
            print(
                """
                \(mark) \(result.checked, "segment", "segments") with \(result.records, "record", "records") checked\(gone), \
                \(result.problemCount, "problem", "problems")
                """)
        }
        if !result.isGood { throw ExitStatus.dataError }
    }

    private struct Report: Encodable {
        struct Problem: Encodable {
            let kind, path, detail, advice: String
        }

        let listed, checked, gone, records, problem_count: Int
        let problems: [Problem]
    }

    private static func json(_ result: VerifyResult) throws -> String {
        let report = Report(
            listed: result.listed, checked: result.checked, gone: result.gone, records: result.records,
            problem_count: result.problemCount,
            problems: result.problems.map {
                Report.Problem(kind: $0.kind.rawValue, path: $0.path, detail: $0.detail, advice: $0.advice)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return String(decoding: try encoder.encode(report), as: UTF8.self)
    }
}

/// The 128-bit FNV-1a hash of an event's uid. For a billion events, the probability that two different uids have the same hash is below one in 10^19.
private func fingerprint(_ uid: UnsafeRawBufferPointer) -> UInt128 {
    var hash: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D
    for byte in uid {
        hash = (hash ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013B
    }
    return hash
}
