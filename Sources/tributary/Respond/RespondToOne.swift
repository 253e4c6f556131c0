import ArgumentParser
import Glibc
import Respond
import ResponseLog

/// One action on one user: look, ask, act, wait.
struct RespondToOne {
    let responder: Responder
    let handling: RespondHandling
    private let interruption = Interruption.watch()

    init(_ responder: Responder, _ handling: RespondHandling) {
        self.responder = responder
        self.handling = handling
    }

    /// Tries a request, says what came of it, and ends with the exit code for that.
    func run(_ request: ResponseRequest) throws {
        if let problem = request.problem { throw Responder.Failure.mistake(problem) }
        guard !request.answersWithLink || canShowSecrets else {
            throw Responder.Failure.mistake(
                "with --no-send-email the answer holds a link, which is shown on a terminal only: leave it out, or use a terminal without --json"
            )
        }
        var request = request
        var candidates: [ResponseUser] = []
        if !handling.yes, !handling.dryRun {
            guard let dialogue = Dialogue(interruption) else { throw Self.nobodyToAsk }
            let outlook = try responder.outlook(request) { interruption.isRaised }
            candidates = outlook.candidates
            for line in RespondText(terminal: dialogue.terminal).outlook(outlook, integration: request.integration) {
                dialogue.note(line)
            }
            if outlook.steps.allSatisfy({ $0.result.outcome == .refused }) {
                // There is nothing to ask. The refusal is put on record by a dry run, so that a state that changes now changes nothing.
                request.isDryRun = true
            } else if try !dialogue.confirm(question(request, outlook.user), standard: false) {
                return handling.sayDeclined(RespondJSON(declined: request))
            }
        }
        let report: ResponseReport
        do throws(Responder.Failure) {
            report = try act(request)
        } catch {
            guard handling.json else { throw error }
            Terminal.result(RespondJSON.line(RespondJSON(request, error)))
            Terminal.complain("tributary: \(error.message)")
            throw error.status
        }
        if candidates.isEmpty, report.entries.contains(where: { $0.result?.code == "ambiguous" }) {
            candidates = (try? responder.outlook(request) { interruption.isRaised }.candidates) ?? []
            if !handling.json { RespondText(terminal: .output).candidates(candidates).forEach(Terminal.result) }
        }
        try conclude(request, report, candidates)
    }

    static let nobodyToAsk = Responder.Failure.mistake(
        "--yes is needed where nobody can be asked", code: "confirmation-needed")

    private func question(_ request: ResponseRequest, _ user: ResponseUser) -> String {
        let more = (request.options.groupName ?? request.options.groupID ?? request.options.riskLevel).map {
            " (\($0))"
        }
        return "\(request.action.question) \(user.login ?? user.asked)\(more ?? "") in \(request.integration)?"
            .printable
    }

    /// From here on Ctrl-C waits for the end: what was begun is told.
    private func act(_ request: ResponseRequest) throws(Responder.Failure) -> ResponseReport {
        let text = RespondText(terminal: .output)
        var shown: Set<String> = []
        let watch = ActionWatch(
            interruption,
            interrupted: """
                the helper has begun, so this action goes on, and this command waits for the result. See also: tributary respond history \
                --case \(request.caseID.printable)
                """)
        let report = try responder.act(request, whileWaiting: watch.look) { entry in
            watch.begin()
            guard !handling.json else { return }
            shown.insert(entry.id)
            text.step(entry).forEach(Terminal.result)
        }
        if !handling.json {
            for entry in report.entries where !shown.contains(entry.id) {
                text.step(entry, isRepeat: report.isRepeat).forEach(Terminal.result)
            }
        }
        return report
    }

    private func conclude(_ request: ResponseRequest, _ report: ResponseReport, _ candidates: [ResponseUser]) throws {
        var result = RespondJSON(request, report, candidates: candidates)
        if let secret = report.secret { show(secret.text) }
        if !handling.json { sayRecords(report.entries) }
        if handling.wait {
            let wait = CommittedWait(responder, for: handling.waitFor, interruption)
            if let seen = wait.run(report.entries) {
                result.committed = seen.committed
                result.notCommitted = seen.missing
                result.wait = seen.code
                if !handling.json { wait.say(seen) }
                if result.exitCode == 0, seen.status != .success {
                    result.exitCode = seen.status.rawValue
                    result.code = seen.code
                }
            }
        }
        if handling.json { Terminal.result(RespondJSON.line(result)) }
        guard result.exitCode == 0 else { throw ExitCode(result.exitCode) }
    }

    /// Under which ids it is in the response log, and for which case: a repeated request is on record for the case of the first one.
    private func sayRecords(_ entries: [ResponseEntry]) {
        let recorded = entries.filter { RespondVerdict.isRecorded($0) == true }
        let terminal = Terminal(descriptor: STDERR_FILENO)
        if let first = recorded.first {
            Terminal.complain(
                terminal.dim(
                    "  on record for \(first.caseID.printable): \(recorded.map(\.id).joined(separator: ", "))"))
        }
        if entries.contains(where: { RespondVerdict.isRecorded($0) == false }) {
            Terminal.complain(terminal.dim("  \(recorded.isEmpty ? "" : "the rest is ")not on record"))
        }
    }

    private var canShowSecrets: Bool { Terminal.output.isTerminal && !handling.json }

    private func show(_ secret: String) {
        guard canShowSecrets else {
            return Terminal.complain(
                "the answer holds a password or a link, which is shown on a terminal only and stored nowhere; do it again there if it is needed"
            )
        }
        Terminal.result("  shown once, and stored nowhere: \(secret.printable)")
    }
}

extension ResponseRequest {
    /// Whether Okta's answer has a link that only the responder gets.
    var answersWithLink: Bool {
        [.activate, .resetPassword].contains(action) && options.sendEmail == false && !isDryRun
    }
}
