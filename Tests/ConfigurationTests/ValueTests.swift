import Testing

@testable import Configuration

@Suite("values of configuration keys")
struct ValueTests {
    @Test(
        "a valid size is read",
        arguments: [
            ("64MiB", 64 << 20), ("20GiB", 20 << 30), ("512KiB", 512 << 10), ("1TiB", 1 << 40), ("10kB", 10_000),
            ("10MB", 10_000_000), ("4096", 4096), ("1 GiB", 1 << 30), ("0", 0), ("7B", 7),
        ])
    func size(_ text: String, _ bytes: Int) throws {
        let size = try ByteSize(parsing: text)
        #expect(size.bytes == bytes)
        #expect(try ByteSize(parsing: size.description) == size)
    }

    @Test(
        "an invalid size is refused",
        arguments: ["", "MiB", "-1", "1.5GiB", "1gib", "1 mib", "0x10", "9999999999999GiB", "١MiB"])
    func noSize(_ text: String) {
        #expect(throws: ValueError.self) { try ByteSize(parsing: text) }
    }

    @Test(
        "a valid listen address is read",
        arguments: [
            ("127.0.0.1:9464", "127.0.0.1:9464"), ("localhost:1", "127.0.0.1:1"), ("127.1.2.3:80", "127.1.2.3:80"),
            ("[::1]:9464", "[::1]:9464"), ("unix:/run/tributary/metrics.sock", "unix:/run/tributary/metrics.sock"),
        ])
    func listenAddress(_ text: String, _ shown: String) throws {
        #expect(try ListenAddress(parsing: text).description == shown)
    }

    @Test(
        "a listen address that is invalid, or that other hosts could reach, is refused",
        arguments: [
            "0.0.0.0:9464", ":9464", "9464", "*:9464", "[::]:9464", "::", "10.0.0.1:9464", "example.com:9464",
            "127.0.0.1",
            "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "127.0.0.1.example.com:80", "127.0.0.1/8:80", "127.0.0:80",
            "unix:metrics.sock", "unix:", "unix:/" + String(repeating: "a", count: 107), "",
        ])
    func noListenAddress(_ text: String) {
        #expect(throws: ValueError.self) { try ListenAddress(parsing: text) }
    }

    @Test("the path of a metrics file that node_exporter would not read is refused")
    func textFileName() throws {
        let problems = try Workspace().problems("metrics: {textfile: /run/tributary/metrics.txt}\n")
        #expect(problems.map(\.key) == ["metrics.textfile"])
    }

    @Test(
        "a valid duration is read",
        arguments: [
            ("90s", 90), ("5m", 300), ("24h", 86_400), ("7d", 604_800), ("1h30m", 5400), ("2w", 1_209_600), ("0s", 0),
            ("1d1s", 86_401),
        ])
    func duration(_ text: String, _ seconds: Int) throws {
        let duration = try ConfigurationDuration(parsing: text)
        #expect(duration.seconds == seconds)
        #expect(duration.duration == .seconds(seconds))
        #expect(try ConfigurationDuration(parsing: duration.description) == duration)
    }

    @Test(
        "an invalid duration is refused",
        arguments: [
            "", "5", "m", "5 m", "30m1h", "1h1h", "-5m", "1.5h", "5M", "99999999999999999999s", "9999999999999999d",
        ])
    func noDuration(_ text: String) {
        #expect(throws: ValueError.self) { try ConfigurationDuration(parsing: text) }
    }

    @Test(
        "a valid start time is converted to a point in time",
        arguments: [
            ("now", 1_800_000_000_123), ("1h", 1_799_996_400_123), ("2026-11-01T00:00:00Z", 1_793_491_200_000),
            ("2026-11-01T02:00:00.5+02:00", 1_793_491_200_500), ("2026-10-31t19:30:00-04:30", 1_793_491_200_000),
            ("1970-01-01T00:00:00Z", 0), ("99999d", 0),
        ])
    func start(_ text: String, _ milliseconds: Int) throws {
        let start = try StartTime(parsing: text)
        #expect(start.millisecondsSince1970(now: 1_800_000_000_123) == milliseconds)
        #expect(try StartTime(parsing: start.description) == start)
    }

    @Test(
        "an invalid start time is refused",
        arguments: [
            "", "today", "2026-11-01", "2026-11-01T00:00:00", "2026-13-01T00:00:00Z", "2026-11-01T24:00:00Z",
            "2026-11-01T00:00:00.Z", "2026-11-01T00:00:00+0200", "2026-11-01T00:00:00Zjunk", "-7d",
        ])
    func noStart(_ text: String) {
        #expect(throws: ValueError.self) { try StartTime(parsing: text) }
    }

    @Test("a date is converted to the number of days since 1970")
    func dates() throws {
        #expect(try CalendarDate(parsing: "1970-01-01").daysSince1970 == 0)
        #expect(try CalendarDate(parsing: "2026-11-23").daysSince1970 == 20_780)
        for day in stride(from: 0, to: 200_000, by: 7) {
            let date = CalendarDate(secondsSince1970: day * 86_400 + 86_399)
            #expect(date.daysSince1970 == day)
            #expect(try CalendarDate(parsing: date.description) == date)
        }
    }

    @Test(
        "an invalid date is refused",
        arguments: ["2026-02-29", "2026-00-01", "2026-1-1", "26-01-01", "2026/01/01", "1969-12-31", "2026-04-31", ""])
    func noDate(_ text: String) {
        #expect(throws: ValueError.self) { try CalendarDate(parsing: text) }
    }

    @Test(
        "an IP range contains its addresses",
        arguments: [
            ("203.0.113.0/24", [203, 0, 113, 7], true), ("203.0.113.0/24", [203, 0, 114, 7], false),
            ("10.0.0.0/9", [10, 127, 0, 1], true), ("10.0.0.0/9", [10, 128, 0, 1], false),
            ("0.0.0.0/0", [1, 2, 3, 4], true),
            ("192.0.2.1", [192, 0, 2, 1], true), ("192.0.2.1", [192, 0, 2, 2], false),
            ("2001:db8::/32", [0x20, 1, 0x0D, 0xB8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], true),
            ("2001:db8::/32", [0x20, 1, 0x0D, 0xB9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], false),
            ("::/0", [1, 2, 3, 4], false),
        ] as [(String, [UInt8], Bool)])
    func ranges(_ text: String, _ address: [UInt8], _ inside: Bool) throws {
        let range = try IPRange(parsing: text)
        #expect(range.contains(address) == inside)
        #expect(range.description == text)
    }

    @Test(
        "an invalid IP range is refused",
        arguments: [
            "", "/", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "10.0.0.0/8/8", "::/129", "fe80::1%eth0", "01.2.3.4.5",
        ])
    func noRange(_ text: String) {
        #expect(throws: ValueError.self) { try IPRange(parsing: text) }
    }

    @Test(
        "a name that is safe as a part of a path is accepted",
        arguments: ["a", "acme", "acme-read", "0org", "a--b", String(repeating: "a", count: 63)])
    func names(_ text: String) throws { #expect(try Name(parsing: text).text == text) }

    @Test(
        "an invalid name is refused",
        arguments: ["", "-a", "A", "a_b", "a.b", "..", "a/b", "a b", "ä", String(repeating: "a", count: 64)])
    func noNames(_ text: String) { #expect(throws: ValueError.self) { try Name(parsing: text) } }

    @Test(
        "a name is suggested only if the text differs from it by a typing error",
        arguments: [
            ("compresion", "compression"), ("raw-data", "raw_data"), ("RAW_DATA", "raw_data"), ("raw_dtaa", "raw_data"),
            ("xyzzy", nil),
            ("", nil),
        ] as [(String, String?)])
    func nearest(_ text: String, _ expected: String?) {
        #expect(NearestName.of(text, among: ["compression", "raw_data", "retention"]) == expected)
    }
}
