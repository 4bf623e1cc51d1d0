import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme-without-fonts';
import AirportPicture from './AirportPicture.vue';
import CredentialChooser from './CredentialChooser.vue';
import JwtDecoder from './JwtDecoder.vue';
import './style.css';

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('AirportPicture', AirportPicture);
    app.component('CredentialChooser', CredentialChooser);
    app.component('JwtDecoder', JwtDecoder);
  },
} satisfies Theme;
