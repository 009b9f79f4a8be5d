//! The check digits of numbers that identify a person, an account or a vehicle.

/// The digits of a text, without its separators.
fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> + Clone {
    text.chars().filter_map(|char| char.to_digit(10))
}

/// Luhn: payment cards and Canadian social insurance numbers.
pub(super) fn luhn(text: &str) -> bool {
    let doubled = digits(text).rev().enumerate().map(|(place, digit)| match place % 2 {
        0 => digit,
        _ if digit > 4 => digit * 2 - 9,
        _ => digit * 2,
    });
    doubled.sum::<u32>().is_multiple_of(10)
}

/// ISO 7064, mod 97: an IBAN.
pub(super) fn mod_97(text: &str) -> bool {
    let plain: Vec<char> = text.chars().filter(|char| !char.is_whitespace()).collect();
    let Some((head, rest)) = plain.split_at_checked(4) else { return false };
    let remainder = rest.iter().chain(head).try_fold(0, |remainder, char| {
        let value = char.to_digit(36)?;
        Some((remainder * if value > 9 { 100 } else { 10 } + value) % 97)
    });
    remainder == Some(1)
}

/// The checksum of an American Bankers Association routing number.
pub(super) fn aba(text: &str) -> bool {
    weighted(text, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// Mod 11 of a number of the UK's health service.
pub(super) fn mod_11(text: &str) -> bool {
    let check = 11 - weighted(text, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    check != 10 && digits(text).next_back() == Some(check % 11)
}

/// The ninth character of a vehicle identification number.
pub(super) fn vin(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    // The values of the letters A to Z; a number contains no I, O and Q.
    const LETTERS: &[u8; 26] = b"12345678_12345_7_923456789";
    let value = |char: char| match char {
        'A'..='Z' => {
            let at = usize::try_from(u32::from(char) - u32::from('A')).ok()?;
            char::from(*LETTERS.get(at)?).to_digit(10)
        }
        digit => digit.to_digit(10),
    };
    let sum = text.chars().zip(WEIGHTS).try_fold(0, |sum, (char, weight)| Some(sum + value(char)? * weight));
    let check = match sum.map(|sum| sum % 11) {
        Some(10) => Some('X'),
        sum => sum.and_then(|sum| char::from_digit(sum, 10)),
    };
    check.is_some() && text.chars().nth(8) == check
}

fn weighted(text: &str, weights: &[u32]) -> u32 {
    digits(text).zip(weights).map(|(digit, weight)| digit * weight).sum()
}
