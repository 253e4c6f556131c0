import Testing

@testable import tributary

@Suite("The settings of the daemon's systemd unit")
struct InstalledUnitTests {
    @Test(
        "the daemon may listen on a port if SocketBindAllow= and SocketBindDeny= of its unit allow the port",
        arguments: [
            ("any", "tcp:9464", 9464, true), ("any", "tcp:9464", 9465, false), ("", "", 9465, true),
            ("any", "ipv6:tcp:9464", 9464, false), ("any", "ipv4:tcp:9464", 9464, true),
            ("any", "tcp:9464 tcp:9000-9100", 9050, true), ("any", "udp:9464", 9464, false), ("any", "any", 1, true),
        ])
    func ports(_ deny: String, _ allow: String, _ port: Int, _ expected: Bool) {
        let unit = InstalledUnit(["SocketBindDeny": deny, "SocketBindAllow": allow], text: "")
        #expect(unit.mayListen(on: port, isIPv6: false) == expected)
    }
}
