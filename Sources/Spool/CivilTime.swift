import Time

/// The calendar type of the module `Time`. With this alias, the other files of this module can use the type without importing `Time`.
typealias CivilTime = Time.CivilTime
