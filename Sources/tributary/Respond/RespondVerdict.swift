import ArgumentParser
import CommandHints
import Configuration
import Respond
import ResponseLog

/// The outcome of a whole request: the outcome of its worst step.
struct RespondVerdict {
    /// The worst result of the steps.
    let worst: ResponseResult
    let status: ExitCode

    init(_ entries: [ResponseEntry]) {
        let results = entries.compactMap(\.result)
        worst =
            results.max { Self.rank($0) < Self.rank($1) }
            ?? ResponseResult(
                outcome: .unknown, code: "no-result",
                message: "the helper did not report the outcome; see \(CommandHint.command("respond history"))")
        status = Self.status(of: worst)
    }

    /// Whether an entry is in the response log. Some requests are refused before their entry is written, or because it can't be written. Nil for
    /// `busy`: the entry may have been written or not.
    static func isRecorded(_ entry: ResponseEntry) -> Bool? {
        switch entry.result?.code {
        case "unknown-integration", "invalid-request", "key-reused", "log-unavailable": false
        case "busy": nil
        default: true
        }
    }

    static func status(of result: ResponseResult) -> ExitCode {
        switch result.outcome {
        case .done, .alreadyDone, .wouldDo: .success
        // If the credential is the reason for the failure, a retry does not help, so the exit code is not `unavailable`.
        case .failed where ["credential", "not-permitted"].contains(result.code): ExitStatus.noPermission
        case .failed, .unknown: ExitStatus.unavailable
        case .refusedByOkta: ExitStatus.noPermission
        case .refused:
            switch result.code {
            case "not-found", "no-such-group": ExitStatus.noInput
            case "ambiguous", "unknown-integration", "invalid-request", "key-reused": ExitStatus.usage
            case "unavailable", "busy", "rate-limited", "log-unavailable": ExitStatus.unavailable
            default: ExitStatus.noPermission
            }
        }
    }

    private static func rank(_ result: ResponseResult) -> Int {
        switch status(of: result) {
        case .success: result.outcome == .alreadyDone ? 0 : 1
        case ExitStatus.unavailable: 3
        default: 2
        }
    }
}
