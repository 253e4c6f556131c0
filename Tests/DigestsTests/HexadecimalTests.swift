import Digests
import Testing

@Suite("hexadecimal digits")
struct HexadecimalTests {
    @Test("digits in lower or upper case become bytes, and bytes become digits in lower case")
    func digits() {
        #expect(Hexadecimal.bytes("00ff7Ae0") == [0x00, 0xFF, 0x7A, 0xE0])
        #expect(Hexadecimal.text([0x00, 0xFF, 0x7A, 0xE0]) == "00ff7ae0")
    }

    @Test(
        "a text with another character or an odd number of digits is refused",
        arguments: ["f", "0g", "+f", "-1", " 1", "0x", "é"])
    func refused(text: String) {
        #expect(Hexadecimal.bytes(text) == nil)
    }
}
