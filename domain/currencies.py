"""ISO 4217: the currencies in use and how finely each is counted."""

from decimal import Decimal

from domain.refusals import Refused

_TWO_PLACES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE
CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB
PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY
TTD TWD TZS UAH USD UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
_NO_PLACES = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_PLACES = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_PLACES = "CLF UYW"

MINOR_UNITS: dict[str, Decimal] = {
    code: Decimal(1).scaleb(-places)
    for places, codes in ((0, _NO_PLACES), (2, _TWO_PLACES), (3, _THREE_PLACES), (4, _FOUR_PLACES))
    for code in codes.split()
}
"""The smallest amount of each currency, such as 0.01 for EUR."""


def require_currency(code: str, field: str) -> str:
    """``code`` when it is a currency in use.

    Raises:
        Refused: naming ``field``.
    """
    if code not in MINOR_UNITS:
        raise Refused("unknown-currency", f"{code!r} is no currency of ISO 4217 in use", field)
    return code


def minor_unit(code: str) -> Decimal:
    """The smallest amount of a currency, to which its interest is rounded."""
    return MINOR_UNITS[code]
