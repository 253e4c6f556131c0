import ArgumentParser
import Collector
import Configuration
import FoundationEssentials
import OCSF
import Spool

/// The options of a command that select the records to read.
struct RecordFilter: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only events that happened at or after this time: a duration before now such as 2h, or an RFC 3339 time.",
            valueName: "time"))
    var since: String?

    @Option(
        help: ArgumentHelp(
            "Only events that happened before this time, in one of the forms of --since.", valueName: "time"))
    var until: String?

    @Option(help: "Only the event with this uid (Okta's uuid). May be repeated.")
    var uid: [String] = []

    func matcher(rejected: Bool) throws -> RecordMatcher {
        RecordMatcher(
            since: try moment(since, "--since"), until: try moment(until, "--until"),
            uids: Set(uid.map { Array($0.utf8) }), rejected: rejected)
    }

    private func moment(_ text: String?, _ option: String) throws -> Int64? {
        guard let text else { return nil }
        do throws(ValueError) {
            return Int64(try StartTime(parsing: text).millisecondsSince1970(now: Int(WallClock.now())))
        } catch {
            throw ValidationError("\(option): \(error)")
        }
    }
}

/// Selects segments by the times in the manifest, and lines within a segment by uid and time.
struct RecordMatcher {
    /// The earliest time, in milliseconds since 1970; nil if there is no limit.
    var since: Int64?
    /// The end of the range of times, exclusive, in milliseconds since 1970; nil if there is no limit.
    var until: Int64?
    var uids: Set<[UInt8]>
    var rejected: Bool

    var takesAll: Bool { since == nil && until == nil && uids.isEmpty }

    func mayBeIn(_ segment: SealedSegment) -> Bool {
        (since ?? .min) <= segment.lastTime && segment.firstTime < (until ?? .max)
    }

    func takes(_ line: UnsafeRawBufferPointer) -> Bool {
        if !uids.isEmpty {
            guard let uid = recordUID(of: line), uids.contains(Array(uid)) else { return false }
        }
        guard since != nil || until != nil else { return true }
        guard let time = rejected ? Self.collectionTime(of: line) : recordTime(of: line) else { return false }
        return (since ?? .min) <= time && time < (until ?? .max)
    }

    private static func collectionTime(of line: UnsafeRawBufferPointer) -> Int64? {
        struct Line: Decodable { let collected_at: Int64 }
        return (try? JSONDecoder().decode(Line.self, from: Data(line)))?.collected_at
    }
}
