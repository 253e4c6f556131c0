import Configuration
import Glibc
import Synchronization

/// A command that receives segments. For each segment, the command gets the file's content on its standard input, and the metadata in its
/// environment. It must exit with 0 only after the whole segment is durable.
package final class ExecDestination: Destination {
    /// The absolute path of the program, followed by its arguments. The list is not empty.
    let command: [String]
    /// How long the command may take for a segment.
    let timeout: Duration
    /// The destination's name.
    let name: String
    private let runs = Atomic<Int>(0)

    package init(name: String, command: [String], timeout: Duration) {
        self.name = name
        self.command = command
        self.timeout = timeout
    }

    package var guarantee: DeliveryGuarantee { .byCommand }
    package var requests: Int { runs.load(ordering: .relaxed) }
    package var place: String { "exec \(command.first ?? "")" }

    package func deliver(_ segment: DeliverySegment) async -> DeliveryOutcome {
        runs.add(1, ordering: .relaxed)
        let result = await Command(
            words: command, environment: environment(segment), inputFile: segment.file, timeout: timeout
        ).run()
        let program = command.first ?? ""
        let said = result.lastError.isEmpty ? "" : " (\(result.lastError))"
        func trouble(_ what: String, _ remedy: String) -> DeliveryOutcome {
            .notYet(DeliveryTrouble("\(program) \(what) for \(segment.path)\(said)", remedy: remedy), retryAfter: nil)
        }
        switch result.ending {
        case .exit(0): return .delivered(wasThere: false)
        case .exit(let status):
            return trouble(
                "ended with status \(status)",
                "Check the command's messages, and correct the command; Tributary runs it again")
        case .signal(let signal):
            return trouble(
                "was ended by signal \(signal)", "Find out why the command was ended; Tributary runs it again")
        case .timedOut:
            return trouble(
                "took longer than \(timeout.components.seconds) s",
                "Raise the destination's timeout, or find out what the command waits for")
        case .tooMuchOutput:
            return trouble("wrote too much to standard output", "Make the command write at most 64 KiB")
        case .cancelled: return .cancelled
        case .notStarted(let what, let code):
            return .notYet(
                DeliveryTrouble(
                    "can't \(what): \(FileFailure.words(code))",
                    remedy: "Check the program's path and permissions, and use a unit that may run programs: "
                        + "tributary-deliver-exec@.service"), retryAfter: nil)
        }
    }

    package func check() async -> [DestinationStep] {
        let program = command.first ?? ""
        guard access(program, X_OK) == 0 else {
            return [
                DestinationStep(
                    "program", "\(program): \(FileFailure.words(errno))",
                    remedy: "Correct the program's path, or make the file executable")
            ]
        }
        return [DestinationStep("program", "\(program) can be run")]
    }

    /// The variables that tell a command about its segment.
    func environment(_ segment: DeliverySegment) -> [String: String] {
        [
            "TRIBUTARY_DESTINATION": name,
            "TRIBUTARY_SEQUENCE": segment.position ?? "\(segment.sequence)",
            "TRIBUTARY_PATH": segment.path,
            "TRIBUTARY_FILE": segment.file,
            "TRIBUTARY_INTEGRATION": segment.integration,
            "TRIBUTARY_CLASS": segment.className,
            "TRIBUTARY_DATE": segment.date,
            "TRIBUTARY_RECORDS": "\(segment.records)",
            "TRIBUTARY_BYTES": "\(segment.bytes)",
            "TRIBUTARY_SHA256": segment.sha256,
            "TRIBUTARY_SCHEMA": segment.schema,
        ]
    }
}
