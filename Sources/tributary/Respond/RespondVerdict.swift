import ArgumentParser
import Configuration
import Respond
import ResponseLog

/// What a request came to as a whole: the step that went worst decides.
struct RespondVerdict {
    /// Of the steps that have a result.
    let worst: ResponseResult
    let status: ExitCode

    init(_ entries: [ResponseEntry]) {
        let results = entries.compactMap(\.result)
        worst =
            results.max { Self.rank($0) < Self.rank($1) }
            ?? ResponseResult(
                outcome: .unknown, code: "no-result",
                message: "the helper says nothing of what came of it; see \(CommandHint.command("respond history"))")
        status = Self.status(of: worst)
    }

    /// Refusals that come before the response log, or because of it. `busy` may be one or the other.
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
        // Asking again does not help.
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
