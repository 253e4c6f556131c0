import Collector
import Foundation
import TestSupport
import Testing

@Suite("The version")
struct VersionTests {
    @Test(
        "the pages about the installation mention the package of this version, and no other",
        arguments: ["README.md", "docs/quick-start.md", "docs/operating.md"])
    func pages(page: String) throws {
        let text = try String(contentsOf: Repository.file(page), encoding: .utf8)
        let named = text.matches(of: /tributary_([0-9][0-9.]*)_amd64\.deb/).map { String($0.1) }
        #expect(Set(named) == [Version.current], "\(page)")
    }

    @Test("the changelog has a dated section for this version, after the section for unreleased changes")
    func changelog() throws {
        let text = try String(contentsOf: Repository.file("CHANGELOG.md"), encoding: .utf8)
        let sections = text.matches(of: /(?m)^## \[(.+)\](?: - [0-9]{4}-[0-9]{2}-[0-9]{2})?$/).map { String($0.1) }
        #expect(sections.prefix(2) == ["Unreleased", Version.current])
    }
}
