import ArgumentParser

/// The exit codes of every command, according to `sysexits.h(3head)`. systemd does not restart the daemon after `usage` and
/// `configuration`.
enum ExitStatus {
    static let usage = ExitCode(64)
    static let dataError = ExitCode(65)
    static let noInput = ExitCode(66)
    static let unavailable = ExitCode(69)
    static let software = ExitCode(70)
    static let cannotCreate = ExitCode(73)
    static let inputOutput = ExitCode(74)
    static let noPermission = ExitCode(77)
    static let configuration = ExitCode(78)
    /// The code that a shell reports for a program ended by SIGINT.
    static let interrupted = ExitCode(130)
}
