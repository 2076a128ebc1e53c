#include "engine/checkpoint/normal_quantile.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace attnd {
namespace {

// The natural logarithm of a positive number, to 1e-15. That of the C library differs between machines in the last bit.
double Log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < std::numbers::sqrt2 / 2) {
    mantissa *= 2;
    --exponent;
  }
  // 2 atanh(s) = 2 (s + s^3 / 3 + s^5 / 5 + ...), with s below 0.172.
  const double s = (mantissa - 1) / (mantissa + 1);
  double sum = 0;
  for (int power = 21; power >= 1; power -= 2) sum = sum * s * s + 1.0 / power;
  return 2 * s * sum + exponent * std::numbers::ln2;
}

template <size_t N>
double Polynomial(const double (&coefficients)[N], double x) {
  double sum = 0;
  for (size_t i = N; i-- > 0;) sum = sum * x + coefficients[i];
  return sum;
}

// Numerators and denominators for the middle, the tails and the far tails.
constexpr double kMiddleOver[] = {3.3871327179, 50.434271938, 159.29113202, 59.109374720};
constexpr double kMiddleUnder[] = {1, 17.895169469, 78.757757664, 67.187563600};
constexpr double kTailOver[] = {1.4234372777, 2.7568153900, 1.3067284816, 0.17023821103};
constexpr double kTailUnder[] = {1, 0.73700164250, 0.12021132975};
constexpr double kFarOver[] = {6.6579051150, 3.0812263860, 0.42868294337, 0.017337203997};
constexpr double kFarUnder[] = {1, 0.24197894225, 0.012258202635};

}  // namespace

double NormalQuantile(double probability) {
  const double q = probability - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * Polynomial(kMiddleOver, r) / Polynomial(kMiddleUnder, r);
  }
  const double r = std::sqrt(-Log(std::min(probability, 1 - probability)));
  const double size = r <= 5 ? Polynomial(kTailOver, r - 1.6) / Polynomial(kTailUnder, r - 1.6)
                             : Polynomial(kFarOver, r - 5) / Polynomial(kFarUnder, r - 5);
  return q < 0 ? -size : size;
}

}  // namespace attnd
