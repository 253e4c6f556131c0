/// Converts country names from geolocation data to ISO 3166-1 alpha-2, which OCSF requires.
enum CountryCode {
    /// Returns the two-letter code for a country's name or code; nil for any other text. Letter case, punctuation and the word "the" are ignored; "&"
    /// is the same as "and", and "St" the same as "Saint".
    static func lookup(_ name: JSONText) -> JSONText? {
        guard !name.isEscaped else { return nil }
        if let index = exactly.lookup(name.start, name.count) { return code(index) }
        guard name.count <= Key.capacity / 2 else { return nil }
        var key = Key()
        key.add(UnsafeBufferPointer(start: name.start, count: name.count))
        return key.lookup(in: table).map { code($0) }
    }

    private static func code(_ index: Int) -> JSONText {
        JSONText(start: codes + 2 * index, count: 2, isEscaped: false)
    }

    /// A country's name in lower case, without punctuation and without the word "the". Its bytes are stored inline, so that nothing is allocated.
    private struct Key {
        static let capacity = 160
        private var bytes: InlineArray<160, UInt8> = .init(repeating: 0)
        private var count = 0

        mutating func add(_ name: UnsafeBufferPointer<UInt8>) {
            var at = 0
            while at < name.count {
                var end = at
                while end < name.count, !Self.separates(name[end]) { end += 1 }
                if end > at { word(UnsafeBufferPointer(rebasing: name[at..<end])) }
                if end < name.count, name[end] == UInt8(ascii: "&") { word("and") }
                at = end + 1
            }
        }

        /// True for every byte below `0`, such as a blank, a hyphen, a comma, a parenthesis or an ampersand. Exceptions are a full stop and an
        /// apostrophe, which are part of a word.
        private static func separates(_ byte: UInt8) -> Bool {
            byte < 0x30 && byte != UInt8(ascii: ".") && byte != UInt8(ascii: "'")
        }

        private mutating func word(_ letters: UnsafeBufferPointer<UInt8>) {
            let start = count
            if count > 0 { append(UInt8(ascii: " ")) }
            let first = count
            var isAfterC3 = false
            for byte in letters where byte != UInt8(ascii: ".") && byte != UInt8(ascii: "'") {
                // The capitals are A to Z, and À to Þ, which are C3 80 to C3 9E in UTF-8.
                let isCapital = byte &- 0x41 < 26 || (isAfterC3 && byte &- 0x80 < 0x1F)
                append(isCapital ? byte + 0x20 : byte)
                isAfterC3 = byte == 0xC3
            }
            if equals("the", first) {
                count = start
            } else if equals("st", first) {
                count = first
                append("saint")
            }
        }

        private mutating func word(_ text: StaticString) {
            if count > 0 { append(UInt8(ascii: " ")) }
            append(text)
        }

        private mutating func append(_ text: StaticString) {
            for index in 0..<text.utf8CodeUnitCount { append(text.utf8Start[index]) }
        }

        private func equals(_ text: StaticString, _ first: Int) -> Bool {
            guard count - first == text.utf8CodeUnitCount else { return false }
            for index in first..<count where bytes[index] != text.utf8Start[index - first] { return false }
            return true
        }

        private mutating func append(_ byte: UInt8) {
            guard count < Self.capacity else { return }
            bytes[count] = byte
            count += 1
        }

        func lookup(in table: ByteTable) -> Int? {
            withUnsafeBytes(of: bytes) { buffer in
                buffer.baseAddress.flatMap { table.lookup($0.assumingMemoryBound(to: UInt8.self), count) }
            }
        }

        var array: [UInt8] { (0..<count).map { bytes[$0] } }
    }

    private static let pairs: [(code: Substring, names: [Substring])] = names.split(separator: "\n").map { line in
        (line.prefix(2), line.dropFirst(3).split(separator: "|"))
    }

    /// Finds a name that is spelled exactly as in `names`, as most names are.
    private static let exactly = ByteTable(
        pairs.enumerated().flatMap { index, pair in
            (pair.names + [pair.code]).map { (Array($0.utf8), Int32(index)) }
        })

    private static let table = ByteTable(
        pairs.enumerated().flatMap { index, pair in
            (pair.names + [pair.code]).map { name in
                var key = Key()
                Array(name.utf8).withUnsafeBufferPointer { key.add($0) }
                return (key.array, Int32(index))
            }
        })

    /// All codes as one text, allocated for the life of the process.
    nonisolated(unsafe) private static let codes: UnsafePointer<UInt8> = {
        let text = Array(pairs.map(\.code).joined().utf8)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: text.count)
        memory.initialize(from: text, count: text.count)
        return UnsafePointer(memory)
    }()

    /// Each line has a country's code, and then the country's names: ISO's short name, and the variants in geolocation data. XK, for Kosovo, is one
    /// of the codes that ISO leaves to its users.
    private static let names = """
        AD Andorra
        AE United Arab Emirates
        AF Afghanistan
        AG Antigua and Barbuda
        AI Anguilla
        AL Albania
        AM Armenia
        AO Angola
        AQ Antarctica
        AR Argentina
        AS American Samoa
        AT Austria
        AU Australia
        AW Aruba
        AX Åland Islands|Aland Islands|Åland|Aland
        AZ Azerbaijan
        BA Bosnia and Herzegovina|Bosnia & Herzegovina
        BB Barbados
        BD Bangladesh
        BE Belgium
        BF Burkina Faso
        BG Bulgaria
        BH Bahrain
        BI Burundi
        BJ Benin
        BL Saint Barthelemy|Saint Barthélemy
        BM Bermuda
        BN Brunei|Brunei Darussalam
        BO Bolivia|Bolivia, Plurinational State of
        BQ Bonaire, Sint Eustatius and Saba|Bonaire, Sint Eustatius, and Saba|Caribbean Netherlands|Bonaire|Bonaire, Saint Eustatius and Saba
        BR Brazil
        BS Bahamas|The Bahamas
        BT Bhutan
        BV Bouvet Island
        BW Botswana
        BY Belarus
        BZ Belize
        CA Canada
        CC Cocos (Keeling) Islands
        CD Congo, Democratic Republic of the|Congo, the Democratic Republic of the|Democratic Republic of the Congo|DR Congo
        CF Central African Republic
        CG Congo|Republic of the Congo|Congo Republic
        CH Switzerland
        CI Cote d'Ivoire|Côte d'Ivoire|Ivory Coast
        CK Cook Islands
        CL Chile
        CM Cameroon
        CN China|People's Republic of China
        CO Colombia
        CR Costa Rica
        CU Cuba
        CV Cabo Verde|Cape Verde
        CW Curacao|Curaçao
        CX Christmas Island
        CY Cyprus
        CZ Czechia|Czech Republic
        DE Germany
        DJ Djibouti
        DK Denmark
        DM Dominica
        DO Dominican Republic
        DZ Algeria
        EC Ecuador
        EE Estonia
        EG Egypt
        EH Western Sahara
        ER Eritrea
        ES Spain
        ET Ethiopia
        FI Finland
        FJ Fiji
        FK Falkland Islands|Falkland Islands (Malvinas)
        FM Micronesia|Micronesia, Federated States of|Federated States of Micronesia
        FO Faroe Islands
        FR France
        GA Gabon
        GB United Kingdom|United Kingdom of Great Britain and Northern Ireland|Great Britain
        GD Grenada
        GE Georgia
        GF French Guiana
        GG Guernsey
        GH Ghana
        GI Gibraltar
        GL Greenland
        GM Gambia|The Gambia
        GN Guinea
        GP Guadeloupe
        GQ Equatorial Guinea
        GR Greece
        GS South Georgia and the South Sandwich Islands
        GT Guatemala
        GU Guam
        GW Guinea-Bissau
        GY Guyana
        HK Hong Kong|Hong Kong SAR China
        HM Heard Island and McDonald Islands|Heard and McDonald Islands
        HN Honduras
        HR Croatia
        HT Haiti
        HU Hungary
        ID Indonesia
        IE Ireland
        IL Israel
        IM Isle of Man
        IN India
        IO British Indian Ocean Territory
        IQ Iraq
        IR Iran|Iran, Islamic Republic of
        IS Iceland
        IT Italy
        JE Jersey
        JM Jamaica
        JO Jordan|Hashemite Kingdom of Jordan
        JP Japan
        KE Kenya
        KG Kyrgyzstan
        KH Cambodia
        KI Kiribati
        KM Comoros
        KN Saint Kitts and Nevis|St Kitts and Nevis
        KP North Korea|Korea, Democratic People's Republic of
        KR South Korea|Korea, Republic of|Republic of Korea|Korea
        KW Kuwait
        KY Cayman Islands
        KZ Kazakhstan
        LA Laos|Lao People's Democratic Republic
        LB Lebanon
        LC Saint Lucia
        LI Liechtenstein
        LK Sri Lanka
        LR Liberia
        LS Lesotho
        LT Lithuania|Republic of Lithuania
        LU Luxembourg
        LV Latvia
        LY Libya|Libyan Arab Jamahiriya|State of Libya
        MA Morocco
        MC Monaco
        MD Moldova|Moldova, Republic of|Republic of Moldova
        ME Montenegro
        MF Saint Martin|Saint Martin (French part)
        MG Madagascar
        MH Marshall Islands
        MK Macedonia|North Macedonia|Macedonia, the former Yugoslav Republic of
        ML Mali
        MM Myanmar|Myanmar (Burma)|Burma
        MN Mongolia
        MO Macao|Macau
        MP Northern Mariana Islands
        MQ Martinique
        MR Mauritania
        MS Montserrat
        MT Malta
        MU Mauritius
        MV Maldives
        MW Malawi
        MX Mexico
        MY Malaysia
        MZ Mozambique
        NA Namibia
        NC New Caledonia
        NE Niger
        NF Norfolk Island
        NG Nigeria
        NI Nicaragua
        NL Netherlands|The Netherlands|Netherlands, The|Netherlands (Kingdom of the)
        NO Norway
        NP Nepal
        NR Nauru
        NU Niue
        NZ New Zealand
        OM Oman
        PA Panama
        PE Peru
        PF French Polynesia
        PG Papua New Guinea
        PH Philippines
        PK Pakistan
        PL Poland
        PM Saint Pierre and Miquelon
        PN Pitcairn|Pitcairn Islands
        PR Puerto Rico
        PS Palestine|Palestine, State of|Palestinian Territory|Palestinian Territories|State of Palestine|Palestinian Territory, Occupied|Occupied Palestinian Territory
        PT Portugal
        PW Palau
        PY Paraguay
        QA Qatar
        RE Reunion|Réunion
        RO Romania
        RS Serbia
        RU Russia|Russian Federation
        RW Rwanda
        SA Saudi Arabia
        SB Solomon Islands
        SC Seychelles
        SD Sudan
        SE Sweden
        SG Singapore
        SH Saint Helena|Saint Helena, Ascension and Tristan da Cunha
        SI Slovenia
        SJ Svalbard and Jan Mayen
        SK Slovakia|Slovak Republic
        SL Sierra Leone
        SM San Marino
        SN Senegal
        SO Somalia
        SR Suriname
        SS South Sudan
        ST Sao Tome and Principe|São Tomé and Príncipe
        SV El Salvador
        SX Sint Maarten|Sint Maarten (Dutch part)
        SY Syria|Syrian Arab Republic
        SZ Eswatini|Swaziland
        TC Turks and Caicos Islands
        TD Chad
        TF French Southern Territories
        TG Togo|Togolese Republic
        TH Thailand
        TJ Tajikistan
        TK Tokelau
        TL Timor-Leste|East Timor|Democratic Republic of Timor-Leste
        TM Turkmenistan
        TN Tunisia
        TO Tonga
        TR Turkey|Türkiye|Turkiye
        TT Trinidad and Tobago
        TV Tuvalu
        TW Taiwan|Taiwan, Province of China
        TZ Tanzania|Tanzania, United Republic of
        UA Ukraine
        UG Uganda
        UM United States Minor Outlying Islands|U.S. Outlying Islands|U.S. Minor Outlying Islands
        US United States|United States of America|USA
        UY Uruguay
        UZ Uzbekistan
        VA Vatican City|Holy See|Holy See (Vatican City State)|Vatican City State (Holy See)|Vatican
        VC Saint Vincent and the Grenadines|St Vincent and Grenadines
        VE Venezuela|Venezuela, Bolivarian Republic of
        VG British Virgin Islands|Virgin Islands, British
        VI U.S. Virgin Islands|US Virgin Islands|Virgin Islands, U.S.
        VN Vietnam|Viet Nam
        VU Vanuatu
        WF Wallis and Futuna
        WS Samoa
        XK Kosovo
        YE Yemen
        YT Mayotte
        ZA South Africa
        ZM Zambia
        ZW Zimbabwe
        """
}
