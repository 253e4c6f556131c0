import ArgumentParser
import CommandHints
import Configuration
import FoundationEssentials
import Glibc
import Respond
import ResponseLog

/// Sends requests to the helper, and explains failures.
struct Responder {
    let configuration: RespondConfiguration
    private let client: ResponseClient
    private let socket: String

    init(_ options: ConfigurationOptions) throws(Failure) {
        configuration = try RespondConfiguration(options)
        socket = configuration.socket
        client = ResponseClient(socket: socket)
    }

    /// The environment without the variables that name the directories of the helper's unit. The defaults in the configuration are then the same as
    /// for the collector.
    static var environment: [String: String] {
        ProcessInfo.processInfo.environment.filter { !["RUNTIME_DIRECTORY", "STATE_DIRECTORY"].contains($0.key) }
    }

    /// Why a command ends: a message, and a stable code.
    struct Failure: Error {
        var code: String
        var message: String
        var status: ExitCode

        /// A mistake in the request.
        static func mistake(_ message: String, code: String = "invalid-request") -> Failure {
            Failure(code: code, message: message, status: ExitStatus.usage)
        }
    }

    /// Runs a command's body, and reports its failure.
    ///
    /// - Parameter json: whether to report the failure also as a line of JSON on standard output.
    static func reporting(json: Bool, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as Failure {
            if json { Terminal.result(RespondJSON.line(FailureJSON(failure))) }
            Terminal.complain("tributary: \(failure.message)")
            throw failure.status
        } catch is Interruption.Stopped {
            let failure = Failure(
                code: "interrupted", message: "stopped; nothing was done", status: ExitStatus.interrupted)
            if json { Terminal.result(RespondJSON.line(FailureJSON(failure))) }
            Terminal.complain("tributary: stopped; nothing was done")
            throw ExitStatus.interrupted
        }
    }

    private struct FailureJSON: Encodable {
        let outcome = ResponseResult.Outcome.failed
        let code: String
        let message: String
        let exitCode: Int32

        init(_ failure: Failure) {
            (code, message, exitCode) = (failure.code, failure.message, failure.status.rawValue)
        }
    }

    /// The integration of this name or, without a name, the only one with response actions.
    func integration(_ name: String?) throws(Failure) -> String {
        let names = configuration.responding
        let file = configuration.file
        if let name {
            // If the configuration has mistakes, one of its files may contain the integration, and the helper may know it. So any name is accepted.
            guard configuration.isComplete, !names.contains(name) else { return name }
            let known =
                names.isEmpty
                ? "no integration has one"
                : names.count == 1
                    ? "only \(names[0]) has one" : "the integrations with one are: \(names.joined(separator: ", "))"
            throw Failure(
                code: "no-integration",
                message:
                    "\(file) has no integration “\(name.printable)” with a response_action; \(known); see \(CommandHint.command("integration edit NAME"))",
                status: ExitStatus.usage)
        }
        guard configuration.isComplete else {
            throw Failure(
                code: "configuration",
                message:
                    "this command can't use the configuration, but the helper has its own copy: name the integration with --integration",
                status: ExitStatus.configuration)
        }
        switch names.count {
        case 1: return names[0]
        case 0:
            throw Failure(
                code: "no-integration",
                message:
                    "no integration of \(file) has a response_action. Add one: "
                    + CommandHint.asRoot("integration edit NAME --response-credential NAME"),
                status: ExitStatus.configuration)
        default:
            throw Failure(
                code: "no-integration",
                message:
                    "several integrations have response actions: choose one with --integration: \(names.joined(separator: ", "))",
                status: ExitStatus.usage)
        }
    }

    static let unexpected = Failure(
        code: "bad-answer",
        message: "the helper runs another version of Tributary; restart it: sudo systemctl restart tributary-respond",
        status: ExitStatus.unavailable)

    func outlook(_ request: ResponseRequest, isOver: () -> Bool) throws(Failure) -> ResponseOutlook {
        guard case .outlook(let outlook) = try ask(.outlook(request: request), isOver: isOver) else {
            throw Self.unexpected
        }
        return outlook
    }

    /// - Parameters:
    ///   - whileWaiting: called several times a second.
    ///   - onStep: called with each step as soon as it has a result.
    func act(
        _ request: ResponseRequest, whileWaiting: () -> Void = {}, onStep: (ResponseEntry) -> Void
    ) throws(Failure) -> ResponseReport {
        let sudoUser = ProcessInfo.processInfo.environment["SUDO_USER"]
        let answer = try ask(
            .act(request: request, sudoUser: sudoUser),
            isOver: {
                whileWaiting()
                return false
            },
            onLine: { line in
                if case .step(let entry) = line { onStep(entry) }
            })
        guard case .report(let report) = answer else { throw Self.unexpected }
        return report
    }

    /// Sends a request to the helper.
    func ask(
        _ ask: ResponseAsk, silence: Duration = ResponseClient.silence, isOver: () -> Bool = { false },
        onLine: (ResponseAnswer) -> Void = { _ in }
    ) throws(Failure) -> ResponseAnswer {
        do throws(ResponseClient.Failure) {
            return try client.ask(ask, silence: silence, isOver: isOver, onLine: onLine)
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ failure: ResponseClient.Failure) -> Failure {
        switch failure {
        case .notRunning(let code):
            Failure(
                code: "helper-not-running",
                message: """
                    the helper of the response actions does not run: \(socket): \(String(cString: strerror(code))). Nothing was done. Start it: \
                    sudo systemctl enable --now tributary-respond.socket
                    """, status: ExitStatus.unavailable)
        case .noPermission: Failure(code: "no-permission", message: permissionWords, status: ExitStatus.noPermission)
        case .unreachable(let code):
            Failure(
                code: "helper-unreachable",
                message:
                    "the helper can't be reached at \(socket): \(String(cString: strerror(code))). Nothing was done.",
                status: ExitStatus.unavailable)
        case .busy:
            Failure(
                code: "busy",
                message:
                    "the helper is busy with the maximum number of requests. Nothing was done. Try again in a moment.",
                status: ExitStatus.unavailable)
        case .cut:
            Failure(
                code: "no-answer",
                message: """
                    the helper stopped before its answer was complete, so the outcome is unknown. When the helper starts again, it tries to find \
                    out the outcome: see tributary respond history.
                    """, status: ExitStatus.unavailable)
        case .fault(let fault):
            Failure(
                code: fault.code.rawValue,
                message: fault.code == .notAllowed ? permissionWords : fault.message.printable,
                status: status(of: fault.code))
        case .stopped: Failure(code: "interrupted", message: "stopped", status: ExitStatus.interrupted)
        }
    }

    private func status(of code: ResponseFault.Code) -> ExitCode {
        switch code {
        case .badRequest: ExitStatus.usage
        case .notFound: ExitStatus.noInput
        case .notAllowed, .noOpposite: ExitStatus.noPermission
        case .busy, .stopping, .unavailable: ExitStatus.unavailable
        }
    }

    static let group = "tributary-responders"

    /// Why this user may not connect, and what to do about it.
    private var permissionWords: String {
        let user = Self.userName
        guard let group = groupOfSocket else {
            return "response actions are for members of the group of \(socket), and \(user) is not one of them"
        }
        switch Self.membership(of: user, in: group) {
        case .none where group != Self.group:
            return
                "response actions are for members of the group \(group), which owns \(socket); \(user) is not a member"
        case .none:
            return """
                response actions are for members of the group \(group), and \(user) is not one of them. To add this user: \
                sudo usermod --append --groups \(group) \(user), then sign in again
                """
        case .atNextLogin:
            return
                "\(user) is a member of the group \(group), but this session began before the user became a member: sign in again"
        case .now where group != Self.group:
            return "\(socket) does not admit \(user), who is a member of the group \(group): check the socket's mode"
        case .now:
            return """
                \(socket) does not admit \(user), who is a member of the group \(group). To restore its owner and mode: \
                sudo systemctl restart tributary-respond.socket
                """
        }
    }

    /// The socket's group: its name, or its number if it has no name. Nil if the socket's group can't be read.
    private var groupOfSocket: String? {
        var status = stat()
        guard stat(socket, &status) == 0 else { return nil }
        var found = Glibc.group()
        var result: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 64 << 10)
        return buffer.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress,
                getgrgid_r(status.st_gid, &found, base, buffer.count, &result) == 0, result != nil,
                let name = found.gr_name
            else { return "\(status.st_gid)" }
            return String(cString: name)
        }
    }

    private enum Membership { case none, atNextLogin, now }

    private static func membership(of user: String, in group: String) -> Membership {
        var found = Glibc.group()
        var result: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 64 << 10)
        return buffer.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress,
                getgrnam_r(group, &found, base, buffer.count, &result) == 0, result != nil
            else { return .none }
            var groups = [gid_t](repeating: 0, count: 65_536)
            let count = getgroups(Int32(groups.count), &groups)
            if getegid() == found.gr_gid || groups.prefix(Int(max(0, count))).contains(found.gr_gid) { return .now }
            var member = found.gr_mem
            while let name = member?.pointee {
                if String(cString: name) == user { return .atNextLogin }
                member = member?.advanced(by: 1)
            }
            return .none
        }
    }

    private static var userName: String {
        var found = passwd()
        var result: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        return buffer.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, getpwuid_r(getuid(), &found, base, buffer.count, &result) == 0,
                result != nil,
                let name = found.pw_name
            else { return "\(getuid())" }
            return String(cString: name)
        }
    }
}
