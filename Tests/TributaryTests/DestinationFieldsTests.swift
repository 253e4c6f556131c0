import Configuration
import Setup
import Testing

@testable import tributary

@Suite("The flags of destination add and edit")
struct DestinationFieldsTests {
    @Test(
        "an empty value removes the key, also if the key is a list",
        arguments: ["bucket", "command", "credential_process"])
    func removed(key: String) throws {
        var record = DestinationRecord(name: try Name(parsing: "lake"))
        let fields = try DestinationFields.parse(["--" + key.replacing("_", with: "-"), ""])
        #expect(!fields.isEmpty)
        try fields.apply(to: &record)
        #expect(record.values == [key: []])
    }
}
