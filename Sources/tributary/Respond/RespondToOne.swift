import ArgumentParser
import Glibc
import Respond
import ResponseLog

/// One action on one user: look the user up, ask, act, wait.
struct RespondToOne {
    let responder: Responder
    let handling: RespondHandling
    private let interruption = Interruption.watch()

    init(_ responder: Responder, _ handling: RespondHandling) {
        self.responder = responder
        self.handling = handling
    }

    /// Carries out a request, prints the outcome, and exits with its exit code.
    func run(_ request: ResponseRequest) throws {
        if let problem = request.problem { throw Responder.Failure.mistake(problem) }
        guard !request.answersWithLink || canShowSecrets else {
            throw Responder.Failure.mistake(
                "with --no-send-email, Okta's answer contains a link, and the link is shown only on a terminal: omit --no-send-email, or use a terminal and omit --json"
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
                // The action would be refused, so the person is not asked. The request becomes a dry run, so that the helper records the refusal, but
                // does not act even if the user's state changes now.
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
        "--yes is required without a terminal", code: "confirmation-needed")

    private func question(_ request: ResponseRequest, _ user: ResponseUser) -> String {
        "\(request.action.question(user.login ?? user.asked, request.detail)) in \(request.integration)?".printable
    }

    /// Carries out the action. From here on Ctrl-C does not end the command before the result is known and printed.
    private func act(_ request: ResponseRequest) throws(Responder.Failure) -> ResponseReport {
        let text = RespondText(terminal: .output)
        var shown: Set<String> = []
        let watch = ActionWatch(
            interruption,
            interrupted: """
                the helper has begun the action, so the action can't be stopped; waiting for the result. See also: tributary respond history \
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

    /// Prints the ids of the entries in the response log, and their case. If a request was repeated, this is the case of the first request.
    private func sayRecords(_ entries: [ResponseEntry]) {
        let recorded = entries.filter { RespondVerdict.isRecorded($0) == true }
        let terminal = Terminal(descriptor: STDERR_FILENO)
        if let first = recorded.first {
            Terminal.complain(
                terminal.dim(
                    "  recorded for \(first.caseID.printable): \(recorded.map(\.id).joined(separator: ", "))"))
        }
        if entries.contains(where: { RespondVerdict.isRecorded($0) == false }) {
            Terminal.complain(terminal.dim("  \(recorded.isEmpty ? "" : "the rest is ")not recorded"))
        }
    }

    private var canShowSecrets: Bool { Terminal.output.isTerminal && !handling.json }

    private func show(_ secret: String) {
        guard canShowSecrets else {
            return Terminal.complain(
                "Okta's answer contains a password or a link, which is shown only on a terminal and stored nowhere. "
                    + "If you need it, repeat the action on a terminal"
            )
        }
        Terminal.result("  shown only once and stored nowhere: \(secret.printable)")
    }
}

extension ResponseRequest {
    /// The group or the risk level; empty for actions that have neither.
    var detail: String { options.groupName ?? options.groupID ?? options.riskLevel ?? "" }

    /// Whether Okta's answer contains a link that only the responder may see.
    var answersWithLink: Bool {
        [.activate, .resetPassword].contains(action) && options.sendEmail == false && !isDryRun
    }
}
