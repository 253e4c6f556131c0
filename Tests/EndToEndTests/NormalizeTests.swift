import Foundation
import Testing

@Suite("tributary normalize")
struct NormalizeTests {
    private func event(_ uuid: String, type: String = "user.session.start") -> String {
        """
        {"uuid":"\(uuid)","published":"2026-11-23T12:00:00.000Z","eventType":"\(type)","version":"0","severity":"INFO",\
        "outcome":{"result":"SUCCESS"},"actor":{"id":"00u1","type":"User","alternateId":"ann@acme.example","displayName":"Ann"}}
        """
    }

    private func uids(_ output: String) throws -> [String] {
        try output.split(separator: "\n").map { line in
            let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return try #require((record["metadata"] as? [String: Any])?["uid"] as? String)
        }
    }

    @Test("an array and lines with one event each become one record per line; CRLF and blank lines are accepted")
    func forms() throws {
        let workspace = try Workspace()
        let forms = [
            "[\(event("a")), \(event("b"))]", "[\r\n\(event("a"))\r\n,\r\n\(event("b"))\r\n]\r\n",
            event("a") + "\n" + event("b"), event("a") + "\r\n\r\n" + event("b") + "\r\n",
            "[\(event("a"))]\n[\(event("b"))]\n",
        ]
        for form in forms {
            for arguments in [["normalize"], ["normalize", "-"]] {
                let outcome = try Programs.tributary(arguments, input: Data(form.utf8), in: workspace)
                #expect(outcome.status == 0, "\(form): \(outcome.errors)")
                #expect(try uids(outcome.output) == ["a", "b"])
                #expect(outcome.errors.isEmpty)
            }
        }
        let empty = try Programs.tributary(["normalize"], input: Data("[]".utf8), in: workspace)
        #expect(empty.status == 0 && empty.output.isEmpty)
    }

    @Test(
        "several files and standard input are read in the order of the arguments; if a file is missing, the exit code is 66"
    )
    func files() throws {
        let workspace = try Workspace()
        for name in ["a", "b"] { try Data(event(name).utf8).write(to: URL(fileURLWithPath: workspace.path(name))) }
        let outcome = try Programs.tributary(
            ["normalize", workspace.path("a"), "-", workspace.path("b")], input: Data(event("c").utf8), in: workspace)
        #expect(outcome.status == 0)
        #expect(try uids(outcome.output) == ["a", "c", "b"])
        let missing = try Programs.tributary(["normalize", workspace.path("none")], in: workspace)
        #expect(missing.status == 66)
        #expect(missing.errors.contains("none: No such file"))
    }

    @Test("a bad event is reported with its position, the other events become records, and the exit code is 65")
    func badEvent() throws {
        let input = event("a") + "\n{\"uuid\":\"x\",\"eventType\":nope}\n" + event("b") + "\n"
        let outcome = try Programs.tributary(["normalize"], input: Data(input.utf8), in: try Workspace())
        #expect(outcome.status == 65)
        #expect(try uids(outcome.output) == ["a", "b"])
        #expect(outcome.errors.contains("byte "))
        #expect(outcome.errors.contains("is not JSON"))
    }

    @Test(
        "if the input is Okta's answer to a refused request, normalize prints a message and no record, and ends with 65"
    )
    func apiError() throws {
        let answer = #"{"errorCode":"E0000011","errorSummary":"Invalid token provided","errorCauses":[]}"#
        for input in [answer, "[\(answer)]", answer + "\n"] {
            let outcome = try Programs.tributary(["normalize"], input: Data(input.utf8), in: try Workspace())
            #expect(outcome.status == 65)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains("E0000011 Invalid token provided"), "\(outcome.errors)")
        }
        let mixed = try Programs.tributary(
            ["normalize"], input: Data((answer + "\n" + event("a")).utf8), in: try Workspace())
        #expect(mixed.status == 65)
        #expect(try uids(mixed.output) == ["a"])
    }

    @Test("the message about a file in UTF-16 names the encoding")
    func encoding() throws {
        for encoding in [String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian] {
            let input = try #require((event("a") + "\n").data(using: encoding))
            let outcome = try Programs.tributary(["normalize"], input: input, in: try Workspace())
            #expect(outcome.status == 65)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains("is UTF-16, not UTF-8"), "\(outcome.errors)")
        }
    }

    @Test("with --explain, normalize prints the rules that decided each part of a record, and not the record")
    func explain() throws {
        let input = event("a") + "\n" + event("b", type: "palm.zone.create")
        let outcome = try Programs.tributary(["normalize", "--explain"], input: Data(input.utf8), in: try Workspace())
        #expect(outcome.status == 0)
        #expect(outcome.errors.isEmpty)
        #expect(outcome.output.contains("user.session.start a: Authentication: Logon\n"))
        #expect(outcome.output.contains("3002: the catalogue's row for user.session.start, rule A1\n"))
        #expect(outcome.output.contains("palm.zone.create b: Entity Management: Create\n"))
        #expect(outcome.output.contains("word(s) with it"))
        #expect(!outcome.output.contains("{\"metadata\""))
    }

    @Test("a bad row of a site's catalogue is refused before any event is read")
    func catalogue() throws {
        let workspace = try Workspace()
        let table = workspace.path("rows.tsv")
        try Data("site.custom.event\t3002\t1\nuser.session.start\t9999\t1\n".utf8).write(
            to: URL(fileURLWithPath: table))
        let outcome = try Programs.tributary(
            ["normalize", "--catalogue", table], input: Data(event("a").utf8), in: workspace)
        #expect(outcome.status == 78)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("\(table):2"), "\(outcome.errors)")
    }

    @Test("if the reader closes the pipe, normalize prints no error; a longer stream takes no more memory")
    func streams() throws {
        let workspace = try Workspace()
        let one = event("a") + "\n"
        try Data(String(repeating: one, count: 20_000).utf8).write(to: URL(fileURLWithPath: workspace.path("short")))
        try Data(String(repeating: one, count: 100_000).utf8).write(to: URL(fileURLWithPath: workspace.path("long")))
        let program = Programs.tributary.path
        let script = """
            set -u
            "\(program)" normalize "\(workspace.path("long"))" 2>"\(workspace.path("errors"))" | head -n 1 >/dev/null
            for size in short long; do
              python3 - "\(program)" "\(workspace.root.path)/$size" <<'END'
            import resource, subprocess, sys
            subprocess.run([sys.argv[1], "normalize", sys.argv[2]], stdout=subprocess.DEVNULL, check=True)
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
            END
            done
            """
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/bash")
        shell.arguments = ["-c", script]
        let pipe = Pipe()
        shell.standardOutput = pipe
        try shell.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        shell.waitUntilExit()
        #expect(try String(contentsOfFile: workspace.path("errors"), encoding: .utf8).isEmpty)
        let peaks = String(decoding: output, as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
        try #require(peaks.count == 2)
        print("peak memory of normalize at 20,000 and 100,000 events: \(peaks) KiB")
        #expect(peaks[1] - peaks[0] < 4 << 10)
    }
}
