import Glibc
import Testing

@testable import Systemd

@Suite("Notifications to the service manager")
struct NotifyMessageTests {
    @Test(
        "each notification consists of the assignments of sd_notify(3), one per line",
        arguments: [
            (NotifyMessage.ready(status: "2 live"), "READY=1\nSTATUS=2 live"),
            (.ready(status: nil), "READY=1"),
            (.status("all well"), "STATUS=all well"),
            (.watchdog, "WATCHDOG=1"),
            (.stopping(status: nil), "STOPPING=1"),
            (
                .reloading(at: MonotonicTime(nanoseconds: 1_234_567), status: "reloading"),
                "RELOADING=1\nMONOTONIC_USEC=1234\nSTATUS=reloading"
            ),
            (
                .waiting(extendBy: .seconds(60), status: "disk full"),
                "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=disk full"
            ),
            (.failed(errno: 2, status: "no file"), "ERRNO=2\nSTATUS=no file"),
        ])
    func states(message: NotifyMessage, expected: String) {
        #expect(message.state == expected)
    }

    @Test("line breaks in a status text are escaped, so that the text can't add an assignment to the notification")
    func noInjection() {
        let state = NotifyMessage.status("acme: down\nMAINPID=1\r\u{1B}[2J\u{85}\u{2028}").state
        #expect(state == #"STATUS=acme: down\nMAINPID=1\r\u{1b}[2J\u{85}\u{2028}"#)
    }

    @Test(
        "a status that is too long is cut after a whole character, so that the service manager accepts the notification"
    )
    func bounded() {
        let state = NotifyMessage.ready(status: String(repeating: "é\n", count: 5000)).state
        #expect(state.utf8.count <= NotifyMessage.statusLimit + 16)
        #expect(state.hasSuffix("…"))
        #expect(!state.contains("\u{FFFD}"))
    }

    @Test(
        "a text of exactly the maximum length is unchanged, and a longer one is cut to that length",
        arguments: [(1024, false), (1025, true)])
    func boundary(count: Int, isCut: Bool) {
        let line = PrintableText.line(String(repeating: "x", count: count), limit: 1024)
        #expect(line.utf8.count == 1024)
        #expect(line.hasSuffix("…") == isCut)
    }

    // The test runs in a separate process, because it changes the environment, which all tests of a process share.
    @Test("a notification is sent to NOTIFY_SOCKET, or nowhere if the variable is not set")
    func arrives() async {
        await #expect(processExitsWith: .success) {
            unsetenv("NOTIFY_SOCKET")
            ServiceNotifier().ready(status: "to nobody")

            let receiver = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // If only the two bytes of the address family are passed to bind, the kernel chooses an abstract name (unix(7), autobind).
            let name = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> String in
                    var length = socklen_t(MemoryLayout<sa_family_t>.size)
                    guard bind(receiver, generic, length) == 0 else { exit(1) }
                    length = socklen_t(MemoryLayout<sockaddr_un>.size)
                    guard getsockname(receiver, generic, &length) == 0 else { exit(2) }
                    let bytes = UnsafeRawBufferPointer(start: generic, count: Int(length)).dropFirst(3)
                    return "@" + String(decoding: bytes, as: UTF8.self)
                }
            }
            setenv("NOTIFY_SOCKET", name, 1)
            ServiceNotifier().ready(status: "1 of 1 live")
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(receiver, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { exit(3) }
            exit(String(decoding: bytes[0..<count], as: UTF8.self) == "READY=1\nSTATUS=1 of 1 live" ? 0 : 4)
        }
    }
}
