import Foundation
import ResponseLog
import TestSupport
import Testing

@testable import Respond

@Suite("The rights that an action needs")
struct NeedsTests {
    @Test("docs/respond.md and `respond list` agree on the rights for each action", arguments: ResponseAction.allCases)
    func table(_ action: ResponseAction) throws {
        let page = try String(contentsOf: Repository.file("docs/respond.md"), encoding: .utf8)
        let section = try #require(page.split(separator: "## What each action needs\n").last)
        let row = try #require(section.split(separator: "\n").first { $0.hasPrefix("| `\(action.rawValue)` |") })
        let cells = row.split(separator: "|").map { cell in
            cell.split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
        }
        #expect(cells[1] == [action.needs.scope.rawValue])
        #expect(cells[2] == action.needs.permissions)
        #expect(cells[3] == ["SUPER_ADMIN"] + action.needs.roles)
    }
}
