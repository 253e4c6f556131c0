import ArgumentParser
import Glibc
import Respond
import ResponseLog

/// One action on many users, one user after the other. The helper respects the org's rate limit.
struct RespondBatch {
    /// How long to wait for the helper if it stops during the batch.
    private static let returnTime = Duration.seconds(20)

    private let responder: Responder
    private let handling: RespondHandling
    private let file: BatchFile
    private let name: String
    private let requests: [ResponseRequest]
    private let interruption = Interruption.watch()

    /// - Parameter template: everything except the user. Its case and reason apply to lines without a case or a reason.
    init(_ responder: Responder, _ handling: RespondHandling, like template: ResponseRequest, file path: String) throws
    {
        self.responder = responder
        self.handling = handling
        name = path == "-" ? "standard input" : path
        guard !template.answersWithLink else {
            throw Responder.Failure.mistake(
                "--no-send-email can't be used with --from: Okta's answer would contain a link, and a link is shown for one user only"
            )
        }
        let file = try BatchFile(path)
        let name = name
        requests = try file.lines.map { line in
            var request = template
            request.user = line.user
            request.caseID = line.caseID ?? template.caseID
            request.reason = line.reason ?? template.reason
            if !request.isDryRun { request.key = file.key(of: request) }
            if let problem = request.problem {
                let hint = request.caseID.isEmpty ? ": name the case with --case, or in each line" : ""
                throw Responder.Failure.mistake(
                    "\(name.printable), line \(line.number): \(problem)\(hint). Nothing was done")
            }
            return request
        }
        self.file = file
    }

    func run() throws {
        try confirm()
        var tally = Tally()
        var bar = ProgressBar(descriptor: STDERR_FILENO)
        defer { bar.clear() }
        let watch = ActionWatch(
            interruption,
            interrupted:
                "the helper has begun the action of the current line; the command stops when this action has ended"
        ) { words in
            bar.clear()
            Terminal.complain(words)
        }
        for request in requests {
            guard !interruption.isRaised else {
                tally.stop = Stop(words: "stopped", status: ExitStatus.interrupted)
                break
            }
            bar.show(done: Int64(tally.count), of: Int64(requests.count))
            watch.begin()
            do throws(Responder.Failure) {
                let report = try patiently { () throws(Responder.Failure) in
                    try responder.act(request, whileWaiting: watch.look) { _ in }
                }
                bar.clear()
                show(request, report)
                tally.take(report)
            } catch {
                bar.clear()
                if handling.json { Terminal.result(RespondJSON.line(RespondJSON(request, error))) }
                tally.stop = Stop(words: "\(request.user.printable): \(error.message)", status: error.status)
            }
            if tally.stop != nil { break }
        }
        bar.clear()
        try conclude(tally)
    }

    private func confirm() throws {
        guard !handling.yes, !handling.dryRun else { return }
        guard let dialogue = Dialogue(interruption) else { throw RespondToOne.nobodyToAsk }
        let action = requests[0]
        dialogue.note(
            "\(name.printable): \(requests.count) lines, from \(requests[0].user.printable) to \(requests[requests.count - 1].user.printable)"
        )
        dialogue.note("No user has been looked up yet. Each user's state is checked immediately before the action.")
        let cases = Set(requests.map(\.caseID))
        let which = cases.count == 1 ? requests[0].caseID.printable : "\(cases.count) cases"
        guard
            try dialogue.confirm(
                "\(action.action.question("\(requests.count) users", action.detail.printable)) in \(action.integration) for \(which)\(action.isForced ? ", forced" : "")?",
                standard: false)
        else {
            handling.sayDeclined(RespondJSON(declined: action))
            throw ExitCode.success
        }
    }

    /// Repeats a request if the helper stops during it. No action is done twice, because the request of each line has an idempotency key.
    private func patiently(
        _ body: () throws(Responder.Failure) -> ResponseReport
    ) throws(Responder.Failure) -> ResponseReport {
        let clock = ContinuousClock()
        var deadline: ContinuousClock.Instant?
        while true {
            do throws(Responder.Failure) {
                return try body()
            } catch {
                let isPassing = error.code == "no-answer" || (error.code == "helper-not-running" && deadline != nil)
                guard isPassing, !handling.dryRun, !interruption.isRaised else { throw error }
                let end = deadline ?? clock.now + Self.returnTime
                guard clock.now < end else { throw error }
                deadline = end
                poll(nil, 0, 200)
            }
        }
    }

    private func show(_ request: ResponseRequest, _ report: ResponseReport) {
        guard !handling.json else { return Terminal.result(RespondJSON.line(RespondJSON(request, report))) }
        let text = RespondText(terminal: .output)
        for entry in report.entries { text.step(entry, isRepeat: report.isRepeat).forEach(Terminal.result) }
    }

    private struct Stop {
        var words: String
        var status: ExitCode
    }

    /// Counts the outcomes of the lines.
    private struct Tally {
        var count = 0
        var well = 0
        var earlier = 0
        var bad = 0
        var status = ExitCode.success
        var stop: Stop?
        var entries: [ResponseEntry] = []

        mutating func take(_ report: ResponseReport) {
            let verdict = RespondVerdict(report.entries)
            if verdict.worst.code == "hourly-limit" {
                stop = Stop(words: verdict.worst.message, status: verdict.status)
                return
            }
            count += 1
            if report.isRepeat {
                earlier += 1
            } else {
                entries += report.entries
            }
            if verdict.status == .success { well += 1 } else { bad += 1 }
            // The exit code `unavailable`, for a failure or an unknown outcome, takes precedence over the exit code for a refusal.
            if verdict.status != .success, status != ExitStatus.unavailable { status = verdict.status }
        }
    }

    private func conclude(_ tally: Tally) throws {
        var parts = ["\(tally.well) of \(requests.count) done"]
        if tally.earlier > 0 { parts.append("results from an earlier run: \(tally.earlier)") }
        if tally.bad > 0 { parts.append("\(tally.bad) refused, failed or unknown") }
        let left = requests.count - tally.count
        if left > 0 { parts.append("\(left) not completed") }
        if handling.dryRun { parts.append("this was a dry run, so nothing was changed") }
        Terminal.complain(parts.joined(separator: "; "))
        if let stop = tally.stop {
            Terminal.complain(
                "tributary: \(stop.words.printable)\n  To continue, run the same command again with the same file: completed lines are not repeated."
            )
        }
        let waited = wait(tally)
        if let stop = tally.stop { throw stop.status }
        guard tally.status == .success else { throw tally.status }
        guard waited == .success else { throw waited }
    }

    private func wait(_ tally: Tally) -> ExitCode {
        guard handling.wait, !interruption.isRaised else { return .success }
        let wait = CommittedWait(responder, for: handling.waitFor, interruption)
        guard let seen = wait.run(tally.entries) else { return .success }
        if handling.json {
            Terminal.result(
                RespondJSON.line(Committed(committed: seen.committed, notCommitted: seen.missing, wait: seen.code)))
        } else {
            wait.say(seen)
        }
        return seen.status
    }

    private struct Committed: Encodable {
        var committed: [CommittedActions.Action]
        var notCommitted: [CommittedActions.Awaited]
        var wait: String
    }
}
