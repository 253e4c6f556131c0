import Spool

/// Why a replay ended early. If the replay is run again, it continues after the last commit.
package enum ReplayError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The old spool can't be read.
    case source(SpoolError)
    /// The new spool can't be written.
    case target(SpoolError)
    /// The directory given for the new spool can't be used for this replay.
    case wrongTarget(path: String, reason: String)
    /// A line of the old spool that can't be converted; lines count from 1.
    case record(segment: String, line: Int, reason: String)
    case noRawData(segment: String, line: Int)
    case normalizer(String)

    package var description: String {
        switch self {
        case .source(let error), .target(let error): error.description
        case .wrongTarget(let path, let reason): "\(path): \(reason)"
        case .record(let segment, let line, let reason):
            "\(segment), line \(line): \(reason); check the spool with tributary spool verify"
        case .noRawData(let segment, let line):
            """
            \(segment), line \(line): the record has no raw_data (record.raw_data was off when it was collected), so it can't be \
            converted again; with --skip-without-raw-data such records are skipped and counted
            """
        case .normalizer(let reason): reason
        }
    }
}
